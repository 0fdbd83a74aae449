import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { Terminal } from './terminal.js';

const VERIFY_HELP = `
Prints the result as JSON: { "ok", "rows", "streams", "checkpoints", "fault", "taken_as_given" }. Progress and advice go to
standard error. Ends with 0 where no fault was found, 1 where one was, 2 where it could not be looked for.

With --export nothing but files is read. --checkpoints is then the proof: lines of "claviger audit checkpoints", or the lines
that brokers log, other lines between them are passed over. Copy the checkpoints first and export then; or give --to, the
time that the export ends with. Checkpoints from where the database's administrator cannot write prove most.

Without --export the database at DATABASE_URL is verified, and checkpoints held outside must be in it: that finds a database
that went back to an older state.

Public keys: what "claviger keys public" prints; or a key file. Without --public-key, KEYS_FILE.

Examples:
  claviger audit verify --export audit.ndjson --checkpoints checkpoints.ndjson --public-key audit-keys.json
  DATABASE_URL=postgresql://… claviger audit verify --checkpoints collected.log`;

const CHECKPOINTS_HELP = `
Prints a line a checkpoint, oldest first: { "checkpoint": "<text>", "signature": "<base64>" }. Keep them where the
administrator of the database cannot write. Each replica logs the same as it signs.

Example:
  DATABASE_URL=postgresql://… claviger audit checkpoints > checkpoints.ndjson`;

/** What the operator gave; paths are absolute. */
export interface VerifyInput {
  readonly exported: string | undefined;
  readonly checkpoints: string | undefined;
  readonly publicKeys: readonly string[];
  readonly from: string | undefined;
  readonly to: string | undefined;
}

interface Flags {
  readonly export?: string;
  readonly checkpoints?: string;
  readonly publicKey?: readonly string[];
  readonly from?: string;
  readonly to?: string;
}

/** Adds `audit verify` and `audit checkpoints` to the commands of the log. */
export function addAuditVerification(audit: Command, terminal: Terminal): void {
  audit
    .command('verify')
    .description('find out whether the log is whole, from files or from the database')
    .option('--export <file>', 'what GET /audit/export answered, as NDJSON')
    .option('--checkpoints <file>', 'checkpoints held outside the database')
    .option('--public-key <file...>', 'public keys that checkpoints verify with')
    .option('--from <time>', 'only rows of this time or later')
    .option('--to <time>', 'only rows before this time')
    .addHelpText('after', VERIFY_HELP)
    .action(async (flags: Flags) => {
      const { runVerify } = await import('./audit-verify.run.js');
      process.exitCode = await runVerify(toInput(flags), process.env, terminal);
    });
  audit
    .command('checkpoints')
    .description('print the signed checkpoints of the database')
    .addHelpText('after', CHECKPOINTS_HELP)
    .action(async () => {
      const { printCheckpoints } = await import('./audit-checkpoints.run.js');
      await printCheckpoints(process.env, terminal);
    });
}

const toInput = ({ export: exported, checkpoints, publicKey = [], from, to }: Flags): VerifyInput => ({
  exported: exported === undefined ? undefined : resolve(exported),
  checkpoints: checkpoints === undefined ? undefined : resolve(checkpoints),
  publicKeys: publicKey.map((path) => resolve(path)),
  from,
  to,
});
