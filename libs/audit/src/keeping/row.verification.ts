import { Keyring } from '@app/crypto';
import { Injectable } from '@nestjs/common';
import { sameLink } from '../chain/chain.js';
import { isSignedBy, parseCheckpoint, type Retirement } from '../chain/checkpoint.js';
import { ChainWalk } from './chain.walk.js';
import { KeepingRepository, type PastRow } from './keeping.repository.js';
import type { LogVerification, PastVerified } from './log.verification.js';
import { boundaryOf, floorOf } from './retirement.js';

/** Rows read and hashed at once: some milliseconds. */
const PAGE_ROWS = 1000;
const BEGINNING = new Date(0);

/** Checks the chains of the rows themselves, from the newest retirement, and that streams which ended end with their heads. */
@Injectable()
export class RowVerification implements LogVerification {
  constructor(
    private readonly repository: KeepingRepository,
    private readonly keyring: Keyring,
  ) {}

  async verify(before: string, signal: AbortSignal): Promise<PastVerified> {
    const floor = await this.#floor();
    if (typeof floor === 'string') {
      return { ok: false, fault: floor };
    }
    const streams = await this.repository.streams();
    const walk = new ChainWalk(floorOf(floor), new Map(streams.map(({ id, replica }) => [id, replica])));
    const fault = await this.#walk(walk, before, floor, signal);
    if (fault !== undefined) {
      return { ok: false, fault };
    }
    const cut = streams.find(({ id, head, headAt }) => {
      const end = walk.ends.get(id);
      return headAt !== null && headAt < boundaryOf(before) && (end === undefined || !sameLink(end, head));
    });
    return cut === undefined
      ? { ok: true, rows: walk.rows, ends: walk.ends }
      : {
          ok: false,
          fault: `stream ${cut.id} row ${(walk.ends.get(cut.id)?.seq ?? 0) + 1}: missing, its head is row ${cut.head.seq}`,
        };
  }

  /** The newest retirement, or what is wrong with it. */
  async #floor(): Promise<Retirement | undefined | string> {
    const newest = await this.repository.newestRetirement();
    if (newest === undefined) {
      return undefined;
    }
    const key = this.keyring.auditPublicKeys.get(newest.key_id);
    return key !== undefined && isSignedBy(newest, key)
      ? parseCheckpoint(newest.body).retired
      : 'the newest retirement is not signed by a key that the key file knows';
  }

  async #walk(
    walk: ChainWalk,
    before: string,
    floor: Retirement | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const start = floor === undefined ? BEGINNING : new Date(boundaryOf(floor.before) - 1);
    let after: Pick<PastRow, 'at' | 'stream' | 'seq'> = { at: start, stream: '9223372036854775807', seq: 0 };
    for (;;) {
      signal.throwIfAborted();
      const rows = await this.repository.page(before, after, PAGE_ROWS);
      for (const row of rows) {
        const fault = walk.add(row);
        if (fault !== undefined) {
          return fault;
        }
      }
      const last = rows.at(-1);
      if (last === undefined) {
        return undefined;
      }
      after = last;
    }
  }
}
