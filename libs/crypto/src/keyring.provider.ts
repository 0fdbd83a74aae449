import { type Log, Secret } from '@app/common';
import type { Config, VaultConfig } from '@app/config';
import { existsSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AwsKmsKeys } from './aws-kms-keys.js';
import type { KeyFile } from './key-file.js';
import { KeyFileError } from './key-file-error.js';
import type { KeyProvider } from './key-provider.js';
import { type EncryptionKey, Keyring, keysOf } from './keyring.js';
import { KeyFileOnDisk } from './load-keyring.js';
import { LocalKeys } from './local-keys.js';
import { parseKeyFile } from './parse-key-file.js';
import { RememberedKeys } from './remembered-keys.js';
import { VaultTransitKeys } from './vault-transit-keys.js';
import { createKeyFile } from './write-key-file.js';

/** The key file: as it is now, and again where it changed. */
interface KeySource {
  readonly name: 'file' | 'env';
  read(): KeyFile;
  readIfChanged(): KeyFile | undefined;
}

/**
 * The keyring that this environment means: the key file (KEYS_FILE, its text in KEYS, or in development without either `keys.json`
 * in DATA_DIR, made where it is absent), and beside it the key service that KEY_PROVIDER names. Several processes that start at once
 * end up with the same keys.
 */
export function keyringFor(config: Config, log: Log): Keyring {
  const source = sourceOf(config, log);
  const file = source.read();
  const local = new LocalKeys(source.name, file.encryption.keys);
  const services = servicesOf(config);
  const reload = (): void => {
    const changed = source.readIfChanged();
    if (changed !== undefined) {
      local.replace(changed.encryption.keys);
    }
  };
  return new Keyring(file, {
    providers: [local, ...services],
    first: firstOf(config, keysOf(file, source.name), services),
    reload,
  });
}

/** Where a service seals, what the file brings can only open. */
function firstOf(
  { keyService }: Config,
  local: readonly EncryptionKey[],
  services: readonly KeyProvider[],
): readonly EncryptionKey[] {
  const sealing = services.find(({ name }) => name === keyService.provider);
  const [key] = sealing?.offered() ?? [];
  if (sealing === undefined || key === undefined) {
    return local;
  }
  return [
    { ...key, provider: sealing.name, state: 'primary' },
    ...local.map((entry) => ({ ...entry, state: entry.state === 'primary' ? ('pending' as const) : entry.state })),
  ];
}

/** Every service that is configured, also one that does not seal any more or not yet. */
function servicesOf({ keyService: { vault, kmsKey } }: Config): readonly KeyProvider[] {
  const services = [
    ...(vault === undefined ? [] : [new VaultTransitKeys({ ...vault, token: () => tokenOf(vault) })]),
    ...(kmsKey === undefined ? [] : [new AwsKmsKeys(kmsKey)]),
  ];
  return services.map((service) => new RememberedKeys(service));
}

/** Read at every request: an agent writes the file anew before a token ends. */
async function tokenOf({ token, tokenFile }: VaultConfig): Promise<Secret> {
  return tokenFile === undefined ? (token ?? new Secret('')) : new Secret((await readFile(tokenFile, 'utf8')).trim());
}

function sourceOf(config: Config, log: Log): KeySource {
  const { text } = config.keyService;
  if (text !== undefined) {
    const file = parseKeyFile(text.reveal(), 'in KEYS');
    return { name: 'env', read: () => file, readIfChanged: () => undefined };
  }
  return named(new KeyFileOnDisk(config.keysFile ?? developmentFile(config, log)));
}

const named = (file: KeyFileOnDisk): KeySource => ({
  name: 'file',
  read: () => file.read(),
  readIfChanged: () => file.readIfChanged(),
});

function developmentFile({ environment, dataDir }: Config, log: Log): string {
  if (environment === 'production') {
    throw new KeyFileError('KEYS_FILE is not set: write a key file with "claviger keys generate" and set its path.');
  }
  const path = join(dataDir, 'keys.json');
  mkdirSync(dataDir, { recursive: true });
  if (!existsSync(path) && createKeyFile(path)) {
    log.info('A key file was made for development: keep it, its keys open what this database holds.', { source: path });
  }
  return path;
}
