import { errorFacts, isBrokerError } from '@app/common';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { FORMATS, followOnce } from './audit-follow.run.js';
import { readState, writeState } from './audit-follow.state.js';
import type { Terminal } from './terminal.js';

const HELP = `
Prints what is new in the audit log, one JSON object a line, and remembers how far it came: for a log collector, see
deploy/vector.yaml. After a kill the last events come again, none is left out.

The key is that of a caller with the role auditor. --overlap must be longer than a replica may be away from the
database while it writes to its local device (AUDIT_SPOOL_DIR).

Example:
  claviger audit follow --url https://claviger.example.com --api-key-file auditor.key --state follow.json --format ocsf`;

interface Flags {
  readonly url: string;
  readonly apiKeyFile: string;
  readonly state: string;
  readonly format: keyof typeof FORMATS;
  readonly from: string;
  readonly every: number;
  readonly overlap: number;
  readonly once?: boolean;
}

/** Adds `audit follow` to the commands of the log. */
export function addAuditFollow(audit: Command, terminal: Terminal): void {
  audit
    .command('follow')
    .description('print what is new in the log, for a log collector')
    .requiredOption('--url <url>', 'address of a broker')
    .requiredOption('--api-key-file <file>', 'file with the API key of an auditor')
    .requiredOption('--state <file>', 'where to remember how far it came')
    .addOption(new Option('--format <format>', 'words of the output').choices(Object.keys(FORMATS)).default('ndjson'))
    .option('--from <time>', 'where to begin if nothing is remembered (RFC 3339)', '1970-01-01T00:00:00Z')
    .option('--every <seconds>', 'how often to look; each look is recorded in the log', seconds, 60)
    .option('--overlap <seconds>', 'how far back each look begins', seconds, 900)
    .option('--once', 'look once and end')
    .addHelpText('after', HELP)
    .action((flags: Flags) => follow(flags, terminal));
}

async function follow(flags: Flags, terminal: Terminal): Promise<void> {
  const { url, format } = flags;
  const input = { url, format, apiKey: readFileSync(flags.apiKeyFile, 'utf8').trim(), overlapMs: flags.overlap * 1000 };
  let state = readState(flags.state) ?? { at: requireTime(flags.from), streams: {} };
  const look = async (): Promise<void> => {
    state = await followOnce(input, state, (text) => Promise.resolve(terminal.out(text)));
    writeState(flags.state, state);
  };
  if (flags.once === true) {
    return look();
  }
  for (;;) {
    await look().catch((error: unknown) => {
      if (isBrokerError(error)) {
        throw error;
      }
      terminal.err(`The log at ${url} cannot be read now (${errorFacts(error).error_message}); trying on.\n`);
    });
    await pause(flags.every * 1000);
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) {
    throw new InvalidArgumentError('must be a number of seconds above 0');
  }
  return value;
}

function requireTime(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError('--from must be a time such as 2026-11-29T00:00:00Z');
  }
  return time;
}
