import type { Link } from '../chain/chain.js';
import { parseCheckpoint } from '../chain/checkpoint.js';
import type { LogSource } from '../verification/log-source.js';
import type { PublicKeys } from '../verification/public-keys.js';
import { verifyLog } from '../verification/verify-log.js';
import type { KeepingRepository } from './keeping.repository.js';
import type { LogVerification, PastVerified } from './log.verification.js';
import { boundaryOf, floorOf } from './retirement.js';

/** Nobody waits for it: it takes a quarter of a processor from those who get tokens from this replica. */
const REST = 3;

/** The verification that an auditor asks for, columns, checkpoints and all, of what is to go; and then where it ends. */
export class PastVerification implements LogVerification {
  constructor(
    private readonly source: LogSource,
    private readonly keys: PublicKeys,
    private readonly repository: Pick<KeepingRepository, 'look' | 'newestRetirement' | 'lastRowsOf'>,
  ) {}

  async verify(before: string, signal: AbortSignal): Promise<PastVerified> {
    const range = { to: new Date(boundaryOf(before)).toISOString() };
    const { fault, rows } = await verifyLog(this.source, { range, keys: this.keys, signal, rest: REST });
    if (fault !== null) {
      return { ok: false, fault: `stream ${fault.stream} row ${fault.seq}: ${fault.kind}, ${fault.detail}` };
    }
    return { ok: true, rows, ends: await this.#ends(before) };
  }

  /** Streams that wrote nothing since the newest retirement, which has just been verified, end where it says. A day at a time. */
  async #ends(before: string): Promise<ReadonlyMap<string, Link>> {
    const newest = await this.repository.newestRetirement();
    const retired = newest && parseCheckpoint(newest.body).retired;
    const ends = new Map(floorOf(retired));
    const { oldest } = await this.repository.look(undefined);
    for (const day of daysBetween(retired?.before ?? oldest ?? before, before)) {
      for (const [stream, end] of await this.repository.lastRowsOf(day)) {
        ends.set(stream, end);
      }
    }
    return ends;
  }
}

const DAY_MS = 86_400_000;

/** Days (UTC) from `first` on, up to and without `end`. */
function* daysBetween(first: string, end: string): Generator<string> {
  for (let at = boundaryOf(first); at < boundaryOf(end); at += DAY_MS) {
    yield new Date(at).toISOString().slice(0, 10);
  }
}
