import type { LogRow } from '../verification/log-source.js';

/** Begins what an export puts in place of the closing brace of a row's text. It stands in no text itself, where quotes are escaped. */
const HASH = ',"hash":"';
const PREVIOUS = '","previous":"';
const END = '"}';

/**
 * A row as one line of NDJSON: its exact text, and its hash as a last field. With the first row of each stream also stands the
 * hash of the row before it, by which it can be verified.
 */
export const toLine = ({ body, hash }: Pick<LogRow, 'body' | 'hash'>, previous: string | undefined): string =>
  `${body.slice(0, body.lastIndexOf('}'))}${HASH}${hash}${previous === undefined ? '' : PREVIOUS + previous}${END}`;

/** The row of such a line; undefined where it is none. */
export function parseLine(line: string): LogRow | undefined {
  const cut = line.lastIndexOf(HASH);
  const [, hash, previous] =
    /^,"hash":"([0-9a-f]{64})(?:","previous":"([0-9a-f]{64}))?"\}\s*$/.exec(cut === -1 ? '' : line.slice(cut)) ?? [];
  const body = `${line.slice(0, cut)}}`;
  const { id, at } = fieldsOf(body);
  const [, stream, seq] = /^(\d{1,19})-(\d{1,15})$/.exec(String(id)) ?? [];
  if (hash === undefined || stream === undefined || typeof at !== 'string') {
    return undefined;
  }
  return { stream, seq: Number(seq), at, hash, body, ...(previous === undefined ? {} : { previous }) };
}

function fieldsOf(body: string): { readonly id?: unknown; readonly at?: unknown } {
  try {
    return Object(JSON.parse(body)) as { id?: unknown; at?: unknown };
  } catch {
    return {};
  }
}
