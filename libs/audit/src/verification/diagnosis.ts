import { differenceIn, placeIn } from './column-check.js';
import { type Fault, type FaultKind, newFault } from './fault.js';
import type { LogRow, LogSource } from './log-source.js';
import type { Doubt, StreamCheck } from './stream-check.js';

/** What is looked up to tell what became of a row. */
export type Evidence = Pick<LogSource, 'find' | 'emptyDays'>;

type DoubtOf<What extends Doubt['what']> = Extract<Doubt, { readonly what: What }>;

/** Tells what became of a row that is not as it should be. */
export function diagnose(doubt: Doubt, stream: StreamCheck, evidence: Evidence): Promise<Fault> {
  switch (doubt.what) {
    case 'gap':
      return afterGap(doubt, stream, evidence);
    case 'end':
      return afterEnd(doubt, stream, evidence);
    case 'hash':
      return afterHash(doubt, stream, evidence);
    case 'repeat':
      return afterRepeat(doubt, evidence);
    case 'columns':
      return afterColumns(doubt, evidence);
    case 'rewritten':
      return afterRewrite(doubt, stream, evidence);
  }
}

/** Tells where a row comes from that belongs to no stream, or stands behind the end of its own. */
export async function diagnoseStray(row: LogRow, evidence: Evidence): Promise<Fault> {
  const place = placeIn(row);
  if (!isAtItsPlace(row) && place !== undefined && (await evidence.find(place.stream, place.seq)).length === 0) {
    return renumbered(row, place);
  }
  const found = `${idOf(row)} belongs to no stream, or stands behind the end of its stream.`;
  return faultOf('row_inserted', row, found);
}

async function afterGap({ seq, row: came }: DoubtOf<'gap'>, stream: StreamCheck, evidence: Evidence): Promise<Fault> {
  const { id } = stream;
  const [elsewhere] = await evidence.find(id, seq);
  if (elsewhere !== undefined && elsewhere.at === timeIn(came) && came.at === timeIn(elsewhere)) {
    return newFault('rows_swapped', id, seq, `The rows ${id}-${seq} and ${idOf(came)} stand in each other's place.`);
  }
  const wrong = (await misplacement(came, evidence)) ?? (await misplacementOf(elsewhere, evidence));
  if (wrong !== undefined) {
    return wrong;
  }
  if (elsewhere !== undefined) {
    return faultOf('row_edited', elsewhere, `${idOf(elsewhere)} does not stand where its time should put it.`);
  }
  const days = await evidence.emptyDays(stream.lastAt ?? stream.missing?.at ?? came.at, came.at);
  return days.length > 0
    ? daysMissing(id, seq, days)
    : newFault('row_deleted', id, seq, `Row ${id}-${seq} is missing: ${idOf(came)} comes in its place.`);
}

/** Nothing of the stream came any more, though there must be more of it. */
async function afterEnd({ seq, by }: DoubtOf<'end'>, stream: StreamCheck, evidence: Evidence): Promise<Fault> {
  const { id } = stream;
  const [elsewhere] = await evidence.find(id, seq);
  if (elsewhere !== undefined) {
    const found = `${idOf(elsewhere)} stands at ${elsewhere.at}, where no row of this time was read.`;
    return (await misplacement(elsewhere, evidence)) ?? faultOf('row_edited', elsewhere, found);
  }
  const days = await evidence.emptyDays(stream.lastAt ?? by, by);
  if (days.length > 0) {
    return daysMissing(id, seq, days);
  }
  return stream.rows === 0
    ? newFault('stream_missing', id, seq, `No row of stream ${id} is left, and it must have ${id}-${seq}.`)
    : newFault('tail_cut', id, seq, `Stream ${id} ends before ${id}-${seq}, which must be there.`);
}

async function afterHash({ row }: DoubtOf<'hash'>, stream: StreamCheck, evidence: Evidence): Promise<Fault> {
  const wrong = (await twin(row, evidence)) ?? (isAtItsPlace(row) ? undefined : await misplacement(row, evidence));
  if (wrong !== undefined) {
    return wrong;
  }
  if (await isFollowedByItsNumber(stream.id, row.seq, evidence)) {
    return faultOf('row_inserted', row, `${idOf(row)} stands before the row that had its number.`);
  }
  const difference = differenceIn(row);
  const found = `The hash of ${idOf(row)} is not that of its text${difference === undefined ? '' : `, and ${difference}`}.`;
  return faultOf('row_edited', row, found);
}

/** True where the text of the next row says that it has this number: it was moved on. */
async function isFollowedByItsNumber(stream: string, seq: number, evidence: Evidence): Promise<boolean> {
  const [next] = await evidence.find(stream, seq + 1);
  return next !== undefined && placeIn(next)?.seq === seq;
}

/** A number that was there already. */
async function afterRepeat({ row }: DoubtOf<'repeat'>, evidence: Evidence): Promise<Fault> {
  const place = placeIn(row);
  if (!isAtItsPlace(row) && place !== undefined && (await evidence.find(place.stream, place.seq)).length === 0) {
    return renumbered(row, place);
  }
  return faultOf('row_inserted', row, `There is another row ${idOf(row)}, at ${row.at}.`);
}

async function afterColumns({ row, difference }: DoubtOf<'columns'>, evidence: Evidence): Promise<Fault> {
  const wrong = isAtItsPlace(row) ? undefined : await misplacement(row, evidence);
  return wrong ?? faultOf('row_edited', row, `In ${idOf(row)} ${difference}.`);
}

async function afterRewrite({ seq }: DoubtOf<'rewritten'>, stream: StreamCheck, evidence: Evidence): Promise<Fault> {
  const { id, confirmed } = stream;
  if (await isFollowedByItsNumber(id, seq, evidence)) {
    return newFault(
      'row_inserted',
      id,
      seq,
      `${id}-${seq} is well chained, but stands before the row that had its number.`,
    );
  }
  const found = `${id}-${seq} is not the row that a signed checkpoint names; the last before it that one confirms is ${id}-${confirmed}.`;
  return newFault('chain_rewritten', id, seq, found);
}

/** What is wrong with a row's place; undefined where its columns and its text agree. */
async function misplacement(row: LogRow, evidence: Evidence): Promise<Fault | undefined> {
  const place = placeIn(row);
  if (place === undefined || isAtItsPlace(row)) {
    const difference = differenceIn(row);
    if (difference === undefined) {
      return undefined;
    }
    return (await twin(row, evidence)) ?? faultOf('row_edited', row, `In ${idOf(row)} ${difference}.`);
  }
  const [there] = await evidence.find(place.stream, place.seq);
  if (there === undefined) {
    const alone = (await evidence.find(row.stream, row.seq)).length === 1;
    return place.stream === row.stream && place.seq > row.seq && alone
      ? faultOf('row_deleted', row, `${idOf(row)} was put in the place of a row that is missing: ${saysOf(row)}.`)
      : renumbered(row, place);
  }
  const theirs = placeIn(there);
  if (theirs?.stream === row.stream && theirs.seq === row.seq) {
    const first = row.stream === there.stream && there.seq < row.seq ? there : row;
    return faultOf('rows_swapped', first, `${idOf(row)} and ${idOf(there)} stand in each other's place.`);
  }
  return shifted(row, place.seq - row.seq);
}

/** Where there are several rows of this number: one of them is not the broker's. */
async function twin(row: LogRow, evidence: Evidence): Promise<Fault | undefined> {
  const { length } = await evidence.find(row.stream, row.seq);
  return length > 1 ? faultOf('row_inserted', row, `There are ${length} rows ${idOf(row)}.`) : undefined;
}

/** The rows from here on all have numbers that are not theirs. */
function shifted(row: LogRow, by: number): Fault {
  if (by === -1) {
    const inserted = { ...row, seq: row.seq - 1 };
    return faultOf(
      'row_inserted',
      inserted,
      `The rows after ${idOf(inserted)} moved on by one: of ${idOf(row)} ${saysOf(row)}.`,
    );
  }
  return by > 0
    ? faultOf('row_deleted', row, `The rows from ${idOf(row)} on moved up: ${saysOf(row)}.`)
    : faultOf('row_edited', row, `${idOf(row)} is a copy of another row: ${saysOf(row)}.`);
}

const misplacementOf = (row: LogRow | undefined, evidence: Evidence): Promise<Fault | undefined> =>
  row === undefined ? Promise.resolve(undefined) : misplacement(row, evidence);

const renumbered = (row: LogRow, place: { readonly stream: string; readonly seq: number }): Fault =>
  newFault(
    'row_edited',
    place.stream,
    place.seq,
    `${place.stream}-${place.seq} stands under another number, ${idOf(row)}.`,
  );

function isAtItsPlace(row: LogRow): boolean {
  const place = placeIn(row);
  return place?.stream === row.stream && place.seq === row.seq;
}

function timeIn({ body }: LogRow): string | undefined {
  return /"at": ?"([^"]+)"/.exec(body)?.[1];
}

const idOf = ({ stream, seq }: LogRow): string => `${stream}-${seq}`;
const saysOf = (row: LogRow): string => differenceIn(row) ?? 'its text and columns agree';
const faultOf = (kind: FaultKind, row: LogRow, found: string): Fault => newFault(kind, row.stream, row.seq, found);

const daysMissing = (id: string, seq: number, days: readonly string[]): Fault =>
  newFault(
    'partition_missing',
    id,
    seq,
    `No row of ${days.slice(0, 5).join(', ')}${days.length > 5 ? ` and ${days.length - 5} more days` : ''} is left, nor ${id}-${seq}.`,
  );
