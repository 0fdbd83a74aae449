import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultKind } from '@app/audit';
import { rechain } from '../support/rechain.js';
import { SignedLog } from '../support/signed-log.js';

const log = new SignedLog();

beforeAll(() => log.fill());

afterAll(() => log.close());

const where = (stream: number, seq: number): string => `WHERE stream = ${stream} AND seq = ${seq}`;
const moveHead = (stream: number, seq: number): string => `
UPDATE audit_streams SET head_seq = ${seq}, head_hash = e.hash, head_at = e.at, checkpoint_seq = least(checkpoint_seq, ${seq})
FROM audit_events e WHERE e.stream = ${stream} AND e.seq = ${seq} AND id = ${stream};`;
const cut = (stream: number, after: number): string =>
  `DELETE FROM audit_events WHERE stream = ${stream} AND seq > ${after};`;
/** Gives the rows from `from` on numbers that are `by` higher, in their texts too. */
const renumber = (stream: number, from: number, by: number, inText: boolean): string => `
UPDATE audit_events SET seq = -seq WHERE stream = ${stream} AND seq >= ${from};
UPDATE audit_events SET seq = -seq + (${by}) WHERE stream = ${stream} AND seq < 0;
${inText ? `UPDATE audit_events SET body = regexp_replace(body, '"id":"[^"]+"', '"id":"' || stream || '-' || seq || '"') WHERE stream = ${stream};` : ''}`;
/** Exchanges columns of two rows. */
const swap = (stream: number, one: number, other: number, ...columns: readonly string[]): string => `
UPDATE audit_events e SET ${columns.map((name) => `${name} = o.${name}`).join(', ')} FROM (SELECT * FROM audit_events WHERE stream = ${stream}) o
WHERE e.stream = ${stream} AND ((e.seq = ${one} AND o.seq = ${other}) OR (e.seq = ${other} AND o.seq = ${one}));`;
const swapNumbers = (stream: number, one: number, other: number): string => `
UPDATE audit_events SET seq = 0 ${where(stream, one)}; UPDATE audit_events SET seq = ${one} ${where(stream, other)};
UPDATE audit_events SET seq = ${other} ${where(stream, 0)};`;
/** A row beside the one of this place, like it but for what is said. */
const insert = (stream: number, like: number, seq: number, shift = '1 millisecond'): string => `
INSERT INTO audit_events SELECT stream, ${seq}, at + interval '${shift}', action, outcome, caller, provider, connection, request_id,
  token_fingerprint, hash, replace(body, '"id":"${stream}-${like}"', '"id":"${stream}-${seq}"') FROM audit_events ${where(stream, like)};`;

type Attack = readonly [what: string, attack: string, kind: FaultKind, stream: string | null, seq: number];

const COLUMNS = ['action', 'outcome', 'caller', 'provider', 'connection', 'request_id', 'token_fingerprint'];

const EDITS: readonly Attack[] = [
  ...COLUMNS.flatMap((column): Attack[] => [
    [`${column} of the first row`, `UPDATE audit_events SET ${column} = 'x' ${where(1, 1)}`, 'row_edited', '1', 1],
    [`${column} of a row`, `UPDATE audit_events SET ${column} = '' ${where(1, 8)}`, 'row_edited', '1', 8],
    [`${column} of the last row`, `UPDATE audit_events SET ${column} = 'x' ${where(2, 9)}`, 'row_edited', '2', 9],
  ]),
  [
    'the text of the first row',
    `UPDATE audit_events SET body = replace(body, 'acme', 'acne') ${where(2, 1)}`,
    'row_edited',
    '2',
    1,
  ],
  [
    'the text of the last row, unsigned',
    `UPDATE audit_events SET body = replace(body, 'acme', 'acne') ${where(1, 20)}`,
    'row_edited',
    '1',
    20,
  ],
  [
    'white space in a text',
    `UPDATE audit_events SET body = replace(body, ',"outcome"', ', "outcome"') ${where(1, 9)}`,
    'row_edited',
    '1',
    9,
  ],
  ['a text that is no JSON any more', `UPDATE audit_events SET body = 'gone' ${where(1, 9)}`, 'row_edited', '1', 9],
  [
    'text and column alike',
    `UPDATE audit_events SET caller = 'eve', body = replace(body, 'billing', 'eve') ${where(1, 4)}`,
    'row_edited',
    '1',
    4,
  ],
  ['a hash', `UPDATE audit_events SET hash = sha256('x') ${where(1, 5)}`, 'row_edited', '1', 5],
  ['the hash of the last row', `UPDATE audit_events SET hash = sha256('x') ${where(3, 4)}`, 'row_edited', '3', 4],
  ['time, a little later', `UPDATE audit_events SET at = at + interval '1 ms' ${where(1, 4)}`, 'row_edited', '1', 4],
  ['time, to another day', `UPDATE audit_events SET at = at + interval '1 day' ${where(1, 4)}`, 'row_edited', '1', 4],
  ['time, earlier', `UPDATE audit_events SET at = at - interval '1 hour' ${where(1, 8)}`, 'row_edited', '1', 8],
  [
    'time, of the last row, beyond all heads',
    `UPDATE audit_events SET at = at + interval '1 day' ${where(1, 20)}`,
    'row_edited',
    '1',
    20,
  ],
  ['number, higher', `UPDATE audit_events SET seq = 70 ${where(1, 8)}`, 'row_edited', '1', 8],
  ['number, to one that is there', `UPDATE audit_events SET seq = 3 ${where(1, 8)}`, 'row_edited', '1', 8],
  ['stream', `UPDATE audit_events SET stream = 3 ${where(1, 8)}`, 'row_edited', '1', 8],
];

const DELETIONS: readonly Attack[] = [
  ['the first row', `DELETE FROM audit_events ${where(1, 1)}`, 'row_deleted', '1', 1],
  ['a row', `DELETE FROM audit_events ${where(1, 8)}`, 'row_deleted', '1', 8],
  ['the first row of a day', `DELETE FROM audit_events ${where(1, 7)}`, 'row_deleted', '1', 7],
  ['several rows', `DELETE FROM audit_events WHERE stream = 2 AND seq BETWEEN 2 AND 5`, 'row_deleted', '2', 2],
  [
    'a row, those behind moved up',
    `DELETE FROM audit_events ${where(1, 8)};${renumber(1, 9, -1, false)}`,
    'row_deleted',
    '1',
    8,
  ],
  [
    'the last row but one, the last moved up',
    `DELETE FROM audit_events ${where(2, 8)};${renumber(2, 9, -1, false)}${moveHead(2, 8)}`,
    'row_deleted',
    '2',
    8,
  ],
  ['rows of two streams', `DELETE FROM audit_events WHERE (stream, seq) IN ((3, 1), (2, 7))`, 'row_deleted', '2', 7],
];

const INSERTIONS: readonly Attack[] = [
  ['a second row of a number', insert(1, 8, 8), 'row_inserted', '1', 8],
  ['a second row of a number, before it', insert(1, 8, 8, '-1 ms'), 'row_inserted', '1', 8],
  [
    'a row between two, those behind moved on',
    `${renumber(1, 9, 1, false)}${insert(1, 8, 9)}${moveHead(1, 21)}`,
    'row_inserted',
    '1',
    9,
  ],
  [
    'the same with its hash computed',
    `${renumber(1, 9, 1, false)}${insert(1, 8, 9, '0 ms')}
    UPDATE audit_events e SET hash = audit_link(b.hash, 9, e.body) FROM audit_events b WHERE b.stream = 1 AND b.seq = 8 AND e.stream = 1 AND e.seq = 9;
    ${moveHead(1, 21)}`,
    'row_inserted',
    '1',
    9,
  ],
  ['a row behind the head', insert(2, 9, 10), 'row_inserted', '2', 10],
  ['a row far behind the head', insert(1, 8, 400), 'row_inserted', '1', 400],
  ['a row tomorrow', insert(1, 20, 21, '1 day'), 'row_inserted', '1', 21],
  [
    'a row of no stream',
    `INSERT INTO audit_events SELECT 77, 1, at, action, outcome, caller, provider, connection, request_id,
    token_fingerprint, hash, replace(body, '"1-8"', '"77-1"') FROM audit_events ${where(1, 8)}`,
    'row_inserted',
    '77',
    1,
  ],
  [
    'a row of a stream without rows',
    insert(1, 8, 8).replace('SELECT stream, 8', 'SELECT 4, 1'),
    'row_inserted',
    '4',
    1,
  ],
];

const SWAPS: readonly Attack[] = [
  ['numbers of neighbours of one batch', swapNumbers(1, 7, 8), 'rows_swapped', '1', 7],
  ['numbers of rows of two days', swapNumbers(1, 2, 14), 'rows_swapped', '1', 2],
  ['times', swap(1, 3, 4, 'at'), 'rows_swapped', '1', 3],
  ['times of rows of two days, which looks like two edits', swap(1, 2, 14, 'at'), 'row_edited', '1', 2],
  ['texts', swap(1, 5, 6, 'body'), 'rows_swapped', '1', 5],
  ['texts and hashes, the last', swap(2, 8, 9, 'body', 'hash'), 'rows_swapped', '2', 8],
  ['everything but number and time', swap(1, 1, 2, 'body', 'hash', ...COLUMNS), 'rows_swapped', '1', 1],
  ['one column', swap(1, 5, 6, 'request_id'), 'row_edited', '1', 5],
];

const CUTS: readonly Attack[] = [
  ['the last row, unsigned', cut(1, 19), 'tail_cut', '1', 20],
  ['the last row, signed', cut(2, 8), 'tail_cut', '2', 9],
  ['the same, the head moved along', `${cut(2, 8)}${moveHead(2, 8)}`, 'tail_cut', '2', 9],
  ['many rows, the head moved along', `${cut(1, 7)}${moveHead(1, 7)}`, 'tail_cut', '1', 8],
  ['a stream but its first row', `${cut(3, 1)}${moveHead(3, 1)}`, 'tail_cut', '3', 2],
  ['nothing, but the head moved back', moveHead(2, 8), 'head_moved', '2', 9],
  [
    'nothing, but another hash of a head',
    `UPDATE audit_streams SET head_hash = sha256('x') WHERE id = 1`,
    'head_moved',
    '1',
    20,
  ],
  [
    'nothing, but another time of a head',
    `UPDATE audit_streams SET head_at = head_at - interval '1 day' WHERE id = 3`,
    'head_moved',
    '3',
    4,
  ],
];

const STREAMS: readonly Attack[] = [
  ['rows only', `DELETE FROM audit_events WHERE stream = 3`, 'stream_missing', '3', 1],
  [
    'rows and registration',
    `DELETE FROM audit_events WHERE stream = 3; DELETE FROM audit_streams WHERE id = 3`,
    'stream_missing',
    '3',
    1,
  ],
  [
    'rows, and the registration emptied',
    `DELETE FROM audit_events WHERE stream = 2;
    UPDATE audit_streams SET head_seq = 0, head_at = NULL, checkpoint_seq = 0, head_hash = audit_genesis(id, replica) WHERE id = 2`,
    'stream_missing',
    '2',
    1,
  ],
  ['registration only', `DELETE FROM audit_streams WHERE id = 3`, 'stream_missing', '3', 1],
];

const PARTITIONS: readonly Attack[] = [
  ['dropped, the first', 'DROP TABLE audit_events_20261120', 'partition_missing', '1', 1],
  ['dropped, in the middle', 'DROP TABLE audit_events_20261121', 'partition_missing', '1', 7],
  [
    'detached',
    'ALTER TABLE audit_events DETACH PARTITION audit_events_20261121; DROP TABLE audit_events_20261121',
    'partition_missing',
    '1',
    7,
  ],
  ['emptied', 'TRUNCATE audit_events_20261121', 'partition_missing', '1', 7],
  [
    'dropped, the last, heads moved along',
    `DROP TABLE audit_events_20261122;${moveHead(1, 12)}`,
    'partition_missing',
    '1',
    13,
  ],
];

const edit = (stream: number, seq: number): string =>
  `UPDATE audit_events SET body = replace(body, 'acme', 'acne'), connection = 'acne' ${where(stream, seq)};`;

const REWRITES: readonly Attack[] = [
  ['from its first row on', edit(1, 1) + rechain(1), 'chain_rewritten', '1', 3],
  ['from a row on', edit(1, 8) + rechain(1, 8), 'chain_rewritten', '1', 9],
  ['from the last signed row on', edit(1, 18) + rechain(1, 18), 'chain_rewritten', '1', 18],
  ['of a closed stream', edit(2, 9) + rechain(2), 'chain_rewritten', '2', 9],
  [
    'without a row',
    `DELETE FROM audit_events ${where(1, 8)};${renumber(1, 9, -1, true)}${rechain(1)}`,
    'chain_rewritten',
    '1',
    9,
  ],
  [
    'with another replica',
    `UPDATE audit_streams SET replica = gen_random_uuid() WHERE id = 3;${rechain(3)}`,
    'chain_rewritten',
    '3',
    2,
  ],
];

const CHECKPOINTS: readonly Attack[] = [
  ['one removed', 'DELETE FROM audit_checkpoints WHERE number = 4', 'checkpoint_missing', null, 4],
  ['the first removed', 'DELETE FROM audit_checkpoints WHERE number = 1', 'checkpoint_missing', null, 1],
  ['the newest removed', 'DELETE FROM audit_checkpoints WHERE number = 7', 'checkpoint_missing', null, 7],
  ['all removed', 'DELETE FROM audit_checkpoints', 'checkpoint_missing', null, 1],
  [
    'a text changed',
    `UPDATE audit_checkpoints SET body = replace(body, '"seq":3', '"seq":2') WHERE number = 1`,
    'checkpoint_forged',
    null,
    1,
  ],
  ['a text that is none', `UPDATE audit_checkpoints SET body = 'x' WHERE number = 2`, 'checkpoint_forged', null, 2],
  [
    'a signature changed',
    `UPDATE audit_checkpoints SET signature = set_byte(signature, 5, get_byte(signature, 5) # 1) WHERE number = 3`,
    'checkpoint_forged',
    null,
    3,
  ],
  ['a signature cut', `UPDATE audit_checkpoints SET signature = '' WHERE number = 3`, 'checkpoint_forged', null, 3],
  [
    'a time changed',
    `UPDATE audit_checkpoints SET at = at + interval '1 s' WHERE number = 3`,
    'checkpoint_forged',
    null,
    3,
  ],
  [
    'a retirement made up',
    `UPDATE audit_checkpoints SET retired_before = '2026-11-22' WHERE number = 6`,
    'checkpoint_forged',
    null,
    6,
  ],
  [
    'two exchanged',
    `UPDATE audit_checkpoints SET number = -number WHERE number IN (3, 4);
    UPDATE audit_checkpoints SET number = 7 + number WHERE number < 0`,
    'checkpoint_forged',
    null,
    3,
  ],
];

describe.each([
  ['an edited row', EDITS],
  ['a deleted row', DELETIONS],
  ['an inserted row', INSERTIONS],
  ['swapped rows', SWAPS],
  ['a cut tail', CUTS],
  ['a dropped stream', STREAMS],
  ['a dropped partition', PARTITIONS],
  ['a rewritten chain', REWRITES],
  ['checkpoints', CHECKPOINTS],
])('%s should be found and named', (_what, attacks) => {
  afterEach(() => log.mend());

  it.each(attacks)('%s', async (_attack, attack, kind, stream, seq) => {
    await log.run(attack);
    const { ok, fault } = await log.verify();
    expect({ ok, ...fault }).toEqual({ ok: false, kind, stream, seq, detail: expect.stringMatching(/^.{20,}\.$/) });
  });
});
