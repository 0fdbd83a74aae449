import { writeKeyFile } from '@app/crypto';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { Terminal } from './terminal.js';

const HELP = `
The file holds the keys that seal stored credentials, sign the audit log, name tokens in it and hash API keys. All
replicas use the same file (KEYS_FILE). It is written with mode 0600 and never replaces a file that is there.
Keep a backup: without it nothing that the database holds can be opened.

Example:
  claviger keys generate --out /etc/claviger/keys.json`;

/** Adds `keys …`: the key file. */
export function addKeys(program: Command, { out }: Terminal): void {
  const keys = program.command('keys').description('the key file that every replica shares');
  keys
    .command('generate')
    .description('write a fresh key file')
    .option('--out <file>', 'where to write it', './keys.json')
    .addHelpText('after', HELP)
    .action(({ out: file }: { readonly out: string }) => {
      const path = resolve(file);
      writeKeyFile(path);
      out(`Wrote ${path} (mode 0600).

Next:
  1. Keep a copy in a safe place: without this file nothing that the database holds can be opened.
  2. Start every replica with KEYS_FILE=${path}
`);
    });
}
