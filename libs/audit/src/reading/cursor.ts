import { keyOfCursor } from '@app/common';
import type { RecordedEvent } from './search.js';

/** Milliseconds, stream, sequence: as many digits as Postgres takes without overflow. */
const KEY = /^\d{1,15}\.\d{1,18}\.\d{1,18}$/;

/** A place in the log: the order of all events is by time, then stream, then sequence. */
export interface Position {
  /** Milliseconds since the epoch, the precision that the log keeps. */
  readonly at: number;
  readonly stream: string;
  readonly seq: string;
}

/** The place of an event, as the text inside a cursor. */
export const keyOf = ({ at, stream, seq }: Pick<RecordedEvent, 'at' | 'stream' | 'seq'>): string =>
  `${at.getTime()}.${stream}.${seq}`;

/** The place that a cursor stands for. Throws `invalid_request` with the field `cursor` unless it is one of ours. */
export function positionOf(cursor: string): Position {
  const [at, stream = '', seq = ''] = keyOfCursor(cursor, KEY).split('.');
  return { at: Number(at), stream, seq };
}
