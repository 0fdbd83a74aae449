import { readConfig } from '@app/config';
import { type Command, InvalidArgumentError } from 'commander';
import { resolve } from 'node:path';
import type { Terminal } from './terminal.js';

const HELP = `
After a backup was restored, or a standby was promoted, connections whose credential can be used only once are
quarantined: the database may hold credentials that were used since. This command compares the database with what is
known outside it, and decides for each of them. The newest knowledge wins, so give all that survived.

DATABASE_URL, KEYS_FILE and the rest of the environment are read as the broker reads them. Brokers may run meanwhile.
Ends with 1 where something is left that needs a person.

Examples:
  claviger reconcile --spool /mnt/replica-1/spool /mnt/replica-2/spool --dry-run
  claviger reconcile --spool /mnt/replica-1/spool --audit events.ndjson
  claviger reconcile --trust-database      # nothing was sent since: a clean switch-over, a major upgrade`;

/** What the operator gave. */
export interface ReconcileInput {
  readonly spools: readonly string[];
  readonly audits: readonly string[];
  readonly trustDatabase: boolean;
  readonly dryRun: boolean;
}

interface Flags {
  readonly spool?: readonly string[];
  readonly audit?: readonly string[];
  readonly trustDatabase?: boolean;
  readonly dryRun?: boolean;
}

/** Adds `reconcile`: what to do about a database that was restored. */
export function addReconcile(program: Command, terminal: Terminal): void {
  program
    .command('reconcile')
    .description('decide on the connections that a restored database left uncertain')
    .option('--spool <folder...>', 'spool folders of the replicas, as they were')
    .option('--audit <file...>', 'exported audit events, one JSON object a line')
    .option('--trust-database', 'nothing was sent since: what the database holds is right')
    .option('--dry-run', 'tell what would be done, and change nothing')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const input = requireInput(flags);
      const config = readConfig(process.env);
      // Only this command needs the whole broker; the others start at once.
      const { runReconcile } = await import('./reconcile.run.js');
      const { left } = await runReconcile(config, input, terminal);
      process.exitCode = left > 0 ? 1 : 0;
    });
}

function requireInput({ spool = [], audit = [], trustDatabase = false, dryRun = false }: Flags): ReconcileInput {
  const known = spool.length + audit.length > 0;
  if (known === trustDatabase) {
    throw new InvalidArgumentError(
      'Give --spool <folder> of every replica that survived, or --audit <file>, or both; or --trust-database alone.',
    );
  }
  return {
    spools: spool.map((path) => resolve(path)),
    audits: audit.map((path) => resolve(path)),
    trustDatabase,
    dryRun,
  };
}
