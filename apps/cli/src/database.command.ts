import { BrokerError } from '@app/common';
import { readConfig } from '@app/config';
import { grantsFor, migrate } from '@app/database';
import type { Command } from 'commander';
import type { Terminal } from './terminal.js';

const GRANTS_HELP = `
The broker need not own its tables, and should not: whoever owns them can change the audit log. Create a role that can log
in, let it have what this prints, and run the broker as it. Run the SQL as the owner, after every upgrade that migrates.

Example:
  claviger database grants claviger_app | psql "$OWNER_DATABASE_URL" -v ON_ERROR_STOP=1`;

const MIGRATE_HELP = `
Applies the migrations of this version, as a broker does at its start. A broker whose database user may not create tables
needs this to be done before: with DATABASE_URL set to the owner's.

Example:
  DATABASE_URL="$OWNER_DATABASE_URL" claviger database migrate`;

/** Adds `database …`: what the owner of the database does. */
export function addDatabase(program: Command, { out }: Terminal): void {
  const database = program.command('database').description("what the database's owner does for the broker");
  database
    .command('grants')
    .description('print the SQL that gives a database role what the broker needs, and no more')
    .argument('<role>', 'the role that the broker logs in as')
    .addHelpText('after', GRANTS_HELP)
    .action((role: string) => out(grantsFor(role)));
  database
    .command('migrate')
    .description("bring DATABASE_URL's database to this version")
    .addHelpText('after', MIGRATE_HELP)
    .action(async () => {
      // No more of the environment than this: whoever migrates needs no key file.
      const { databaseUrl } = readConfig({ DATABASE_URL: process.env['DATABASE_URL'] });
      if (databaseUrl === undefined) {
        throw new BrokerError('storage_unavailable', 'Set DATABASE_URL to the database to migrate, as its owner.');
      }
      const applied = await migrate(databaseUrl.reveal());
      out(
        applied.length === 0 ? 'The database is at this version already.\n' : `Applied:\n  ${applied.join('\n  ')}\n`,
      );
    });
}
