import { Inject, Injectable } from '@nestjs/common';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { errorFacts, Log } from '@app/common';
import { Envelopes, KeyServiceError } from '@app/crypto';
import { KeysRepository, type RewrappedRow, type SealedRow } from './keys.repository.js';
import { rewrappedValues } from './keys.metrics.js';
import { SEALED_COLUMNS, type SealedColumn } from './sealed-columns.js';

const BATCH = 200;
/** So many are asked of a key service at once; between them others have their turn. */
const AT_ONCE = 20;
/** After a batch it rests for so many times as long as that took: whoever gets tokens meanwhile should not notice. */
const REST = 2;
const LONGEST_REST_MS = 1000;

/** Brings what another key sealed under the primary one: data keys only, whatever is refreshed meanwhile. */
@Injectable()
export class Rewrapper {
  constructor(
    private readonly keys: KeysRepository,
    private readonly envelopes: Envelopes,
    @Inject(Log) private readonly log: Log,
  ) {}

  /**
   * One pass over everything that the key sealed. False where another replica is at it. What somebody holds or renews just now is
   * left for the next pass, and what does not open is counted. @throws KeyServiceError where that cannot be told now.
   */
  async pass(key: string): Promise<boolean> {
    let unreadable = 0;
    for (const column of SEALED_COLUMNS) {
      for (let after: string | undefined; ;) {
        if (!(await this.keys.claim(key))) {
          return false;
        }
        const began = performance.now();
        const rows = await this.keys.page(column, key, after, BATCH);
        unreadable += await this.#batch(column, key, rows);
        after = rows.at(-1)?.row;
        if (rows.length < BATCH) {
          break;
        }
        await setTimeout(Math.min(LONGEST_REST_MS, REST * (performance.now() - began)));
      }
    }
    await this.keys.endPass(key, unreadable);
    return true;
  }

  /** How many of them do not open. */
  async #batch(column: SealedColumn, key: string, rows: readonly SealedRow[]): Promise<number> {
    const rewrapped: RewrappedRow[] = [];
    let unreadable = 0;
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const results = await Promise.all(rows.slice(from, from + AT_ONCE).map((row) => this.#rewrap(column, key, row)));
      rewrapped.push(...results.filter((result) => typeof result === 'object'));
      unreadable += results.filter((result) => result === 'unreadable').length;
      await setImmediate();
    }
    const count = rewrapped.length === 0 ? 0 : await this.keys.replace(column, rewrapped);
    if (count > 0) {
      rewrappedValues.inc({ key }, count);
      await this.keys.countRewrapped(key, count);
    }
    return unreadable;
  }

  async #rewrap(
    { table, column }: SealedColumn,
    key: string,
    row: SealedRow,
  ): Promise<RewrappedRow | 'unreadable' | 'current'> {
    try {
      const place = { table, row: row.row, column, generation: row.generation };
      const rewrapped = await this.envelopes.rewrap(row.sealed, place);
      return rewrapped === undefined ? 'current' : { ...row, rewrapped };
    } catch (error) {
      if (error instanceof KeyServiceError) {
        throw error;
      }
      const facts = { source: `${table}.${column} ${row.row}`, key_id: key, ...errorFacts(error) };
      this.log.error('A sealed value does not open, so it keeps its old key.', facts);
      return 'unreadable';
    }
  }
}
