import { type LogSource, type TimeRange, type Verification, VerificationRepository, verifyLog } from '@app/audit';
import { BrokerError } from '@app/common';
import { type Environment, openDatabase } from './audit-checkpoints.run.js';
import { CheckpointFile } from './audit.checkpoint-file.js';
import type { VerifyInput } from './audit-verify.command.js';
import { ExportFile } from './audit.export-file.js';
import { readPublicKeys } from './audit.public-keys.js';
import type { Terminal } from './terminal.js';

const ENDS = { whole: 0, fault: 1, unusable: 2 } as const;
const PROGRESS_EVERY_MS = 5000;

/** Verifies and prints what was found. Answers what the process should end with: 0 no fault, 1 a fault, 2 unusable input. */
export async function runVerify(input: VerifyInput, environment: Environment, terminal: Terminal): Promise<number> {
  try {
    const verification = await verify(input, environment, progressOn(terminal));
    terminal.out(`${JSON.stringify(toView(verification))}\n`);
    terminal.err(adviceOn(verification, input));
    return verification.ok ? ENDS.whole : ENDS.fault;
  } catch (error) {
    if (!(error instanceof Error) || !['BrokerError', 'KeyFileError', 'ConfigError'].includes(error.name)) {
      throw error;
    }
    terminal.err(`error: ${error.message}\n`);
    return ENDS.unusable;
  }
}

async function verify(
  input: VerifyInput,
  environment: Environment,
  onProgress: (rows: number) => void,
): Promise<Verification> {
  const range = { from: instant(input.from, '--from'), to: instant(input.to, '--to') };
  const keys = readPublicKeys(input.publicKeys, environment['KEYS_FILE']);
  const held = input.checkpoints === undefined ? undefined : await CheckpointFile.read(input.checkpoints);
  if (input.exported !== undefined) {
    const source = fromFiles(input.exported, held, range);
    return verifyLog(source, { range, keys, onProgress });
  }
  held?.requireSigned(keys);
  const database = openDatabase(environment);
  try {
    return await verifyLog(new VerificationRepository(database), { range, keys, held, onProgress });
  } finally {
    await database.close();
  }
}

function fromFiles(path: string, held: CheckpointFile | undefined, range: TimeRange): LogSource {
  if (held === undefined) {
    const detail = 'Give --checkpoints <file> too: without signed checkpoints anybody could have written the export.';
    throw new BrokerError('invalid_request', detail);
  }
  return new ExportFile(path, held, range);
}

function instant(text: string | undefined, flag: string): string | undefined {
  if (text === undefined) {
    return undefined;
  }
  const time = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new BrokerError('invalid_request', `${flag} must be a time with its zone, such as 2026-11-21T10:00:00Z.`);
  }
  return new Date(time).toISOString();
}

const toView = ({ takenAsGiven, ...verification }: Verification) => ({ ...verification, taken_as_given: takenAsGiven });

function progressOn({ err }: Terminal): (rows: number) => void {
  let toldAt = performance.now();
  return (rows) => {
    if (performance.now() - toldAt > PROGRESS_EVERY_MS) {
      toldAt = performance.now();
      err(`${rows} rows read …\n`);
    }
  };
}

function adviceOn({ takenAsGiven, fault }: Verification, { exported, to }: VerifyInput): string {
  const given =
    takenAsGiven.length === 0
      ? ''
      : `Taken as given, as what they are chained to is not in the export: ${takenAsGiven.slice(0, 10).join(', ')}${takenAsGiven.length > 10 ? ' …' : ''}.\n`;
  const isCut = fault !== null && ['tail_cut', 'stream_missing', 'partition_missing'].includes(fault.kind);
  return exported !== undefined && isCut && to === undefined
    ? `${given}Where the checkpoints are newer than the export, give --to with the time that the export ends with.\n`
    : given;
}
