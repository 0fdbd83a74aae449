import { addKey, type Keyring, loadKeyring, removeKey, writeKeyFile } from '@app/crypto';
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
const ADD_HELP = `
The new key is pending: brokers find it within seconds and open with it, and seal with it once it is rotated to.
The file changes at one stroke and keeps its mode and owner. Give the same file to every replica.

Example:
  claviger keys add --file /etc/claviger/keys.json`;

const REMOVE_HELP = `
What the key sealed opens no more, also in backups and spools. Do it only where GET /admin/keys shows it as retired,
and keep a copy of the file for as long as backups from before the rotation are kept.

Example:
  claviger keys remove k-aaavt8srmngl --file /etc/claviger/keys.json`;

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
  addChanges(keys, out);
}

function addChanges(keys: Command, out: Terminal['out']): void {
  keys
    .command('add')
    .description('add a pending encryption key to a key file')
    .option('--file <file>', 'the key file', './keys.json')
    .option('--id <id>', 'how the key is called; random where it is left out')
    .addHelpText('after', ADD_HELP)
    .action(({ file, id }: { readonly file: string; readonly id?: string }) => {
      const path = resolve(file);
      const added = addKey(path, id);
      out(`Added the encryption key ${added} to ${path}.

Next:
  1. Keep a copy in a safe place, and give the file to every replica: each finds it within seconds.
  2. curl -X POST -H "Authorization: Bearer $K" -H 'content-type: application/json' \\
       -d '{"key":"${added}"}' $B/admin/keys/rotate
`);
    });
  keys
    .command('remove')
    .description('take a retired encryption key out of a key file')
    .argument('<id>', 'the key')
    .option('--file <file>', 'the key file', './keys.json')
    .addHelpText('after', REMOVE_HELP)
    .action((id: string, { file }: { readonly file: string }) => {
      const path = resolve(file);
      removeKey(path, id);
      out(`Removed the encryption key ${id} from ${path}.\n`);
    });
}

function publicKeys({ auditPublicKeys }: Keyring): string {
  const keys = [...auditPublicKeys].map(([id, key]) => ({
    id,
    public_key: key.export({ type: 'spki', format: 'pem' }).toString(),
  }));
  return `${JSON.stringify(keys, null, 2)}\n`;
}
