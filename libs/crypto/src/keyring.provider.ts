import type { Log } from '@app/common';
import type { Config } from '@app/config';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KeyFileError } from './key-file-error.js';
import type { Keyring } from './keyring.js';
import { loadKeyring } from './load-keyring.js';
import { createKeyFile } from './write-key-file.js';

/**
 * The keyring that this environment means: KEYS_FILE, or in development without it `keys.json` in DATA_DIR, made where it is
 * absent. Several processes that start at once end up with the same keys.
 */
export function keyringFor(config: Config, log: Log): Keyring {
  if (config.keysFile !== undefined) {
    return loadKeyring(config.keysFile);
  }
  if (config.environment === 'production') {
    throw new KeyFileError('KEYS_FILE is not set: write a key file with "claviger keys generate" and set its path.');
  }
  const path = join(config.dataDir, 'keys.json');
  mkdirSync(config.dataDir, { recursive: true });
  if (!existsSync(path) && createKeyFile(path)) {
    log.info('A key file was made for development: keep it, its keys open what this database holds.', { source: path });
  }
  return loadKeyring(path);
}
