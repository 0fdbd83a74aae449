import { newApiKey } from '@app/callers';
import type { Command } from 'commander';
import type { Terminal } from './terminal.js';

const HELP = `
The key alone goes to standard output, the advice to standard error. Nothing is stored: the key works once a broker
has started with it as BOOTSTRAP_ADMIN_KEY on a database that has no administrator yet. Keys for services are issued
by an administrator: POST /admin/callers/{caller}/keys.

Example:
  BOOTSTRAP_ADMIN_KEY=$(claviger api-key generate)`;

/** Adds `api-key …`: keys that callers authenticate with. */
export function addApiKey(program: Command, { out, err }: Terminal): void {
  const apiKey = program.command('api-key').description('the keys that callers authenticate with');
  apiKey
    .command('generate')
    .description('print a fresh API key for the first administrator')
    .addHelpText('after', HELP)
    .action(() => {
      out(`${newApiKey().text.reveal()}\n`);
      err(`
Next:
  1. Keep the key: it is shown only here.
  2. Start the broker with BOOTSTRAP_ADMIN_KEY set to it. The first start on an empty database makes it an admin key.
  3. Use it: curl -H "Authorization: Bearer $BOOTSTRAP_ADMIN_KEY" <address>/admin/callers
`);
    });
}
