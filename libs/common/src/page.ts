import { invalidRequest } from './errors.js';

/** Which part of a list is wanted: at most `limit` items, after those of the page that gave `cursor`. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Part of a list; `nextCursor` asks for the items that follow, null where none do. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** The page that `rows` make, of which one more than `limit` was asked for; the last item's key becomes the cursor. */
export function toPage<Item>(rows: readonly Item[], limit: number, keyOf: (item: Item) => string): Page<Item> {
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return { items, nextCursor: last === undefined ? null : Buffer.from(keyOf(last)).toString('base64url') };
}

/** The key that a cursor stands for. Throws `invalid_request` with the field `cursor` where it is not one of ours. */
export function keyOfCursor(cursor: string, pattern: RegExp): string {
  const key = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!pattern.test(key) || Buffer.from(key).toString('base64url') !== cursor) {
    const message = 'must be the next_cursor of an earlier answer, unchanged; leave it out to begin anew';
    throw invalidRequest([{ field: 'cursor', message }]);
  }
  return key;
}
