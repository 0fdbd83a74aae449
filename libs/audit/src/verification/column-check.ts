import { COLUMNS, type LogRow } from './log-source.js';

type Body = Readonly<Record<string, unknown>>;

const bodyOf = (row: LogRow): Body | undefined => {
  try {
    const body: unknown = JSON.parse(row.body);
    return typeof body === 'object' && body !== null ? (body as Body) : undefined;
  } catch {
    return undefined;
  }
};

/** The place that the text of a row names for itself: stream and number; undefined where it names none. */
export function placeIn(row: LogRow): { readonly stream: string; readonly seq: number } | undefined {
  const [, stream, seq] = /^(\d+)-(\d+)$/.exec(String(bodyOf(row)?.['id'])) ?? [];
  return stream === undefined || seq === undefined ? undefined : { stream, seq: Number(seq) };
}

/** Where the columns of a row say something else than its text: what they say; undefined where they agree. */
export function differenceIn(row: LogRow): string | undefined {
  const body = bodyOf(row);
  if (body === undefined) {
    return 'its text is not JSON';
  }
  if (body['id'] !== `${row.stream}-${row.seq}`) {
    return `its text says that it is ${quoted(body['id'])}`;
  }
  if (body['at'] !== row.at) {
    return `its column at says ${row.at}, its text ${quoted(body['at'])}`;
  }
  return row.columns && differenceInColumns(row.columns, body);
}

function differenceInColumns(columns: readonly (string | null)[], body: Body): string | undefined {
  for (let index = 0; index < COLUMNS.length; index += 1) {
    const name = COLUMNS[index] ?? '';
    if ((body[name] ?? null) !== columns[index]) {
      return `its column ${name} says ${quoted(columns[index])}, its text ${quoted(body[name])}`;
    }
  }
  return undefined;
}

/** Short and in one line, whatever was written there. */
const quoted = (value: unknown): string => (JSON.stringify(value ?? null) ?? 'null').slice(0, 200);
