import { type Keyring, loadKeyring, writeKeyFile } from '@app/crypto';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { Terminal } from './terminal.js';

const HELP = `
The file holds the keys that seal stored credentials, sign the audit log, name tokens in it and hash API keys. All
replicas use the same file (KEYS_FILE). It is written with mode 0600 and never replaces a file that is there.
Keep a backup: without it nothing that the database holds can be opened.

Example:
  claviger keys generate --out /etc/claviger/keys.json`;

const PUBLIC_HELP = `
Prints a list of { "id", "public_key" }: the key that signs the checkpoints of the audit log now, then those that signed
before (audit_signing.former in the key file). Whoever verifies the log needs these and nothing secret. An auditor should
get them from you directly, not from the database.

Example:
  claviger keys public --file /etc/claviger/keys.json > audit-keys.json`;

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
  keys
    .command('public')
    .description('print the public keys that checkpoints of the audit log verify with')
    .option('--file <file>', 'the key file', process.env['KEYS_FILE'] ?? './keys.json')
    .addHelpText('after', PUBLIC_HELP)
    .action(({ file }: { readonly file: string }) => out(publicKeys(loadKeyring(resolve(file)))));
}

function publicKeys({ auditPublicKeys }: Keyring): string {
  const keys = [...auditPublicKeys].map(([id, key]) => ({
    id,
    public_key: key.export({ type: 'spki', format: 'pem' }).toString(),
  }));
  return `${JSON.stringify(keys, null, 2)}\n`;
}
