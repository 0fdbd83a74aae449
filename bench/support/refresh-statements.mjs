// Refreshes as a script of pgbench: the broker's own statements in its order, taken from its code, with values of the same size.
import { ADOPT } from '../../dist/libs/connections/src/adoption.statements.js';
import { MARK_SENT, OPEN } from '../../dist/libs/connections/src/attempt.statements.js';
import { CLAIM } from '../../dist/libs/connections/src/connection.statements.js';
import { MARK_RECORDED } from '../../dist/libs/connections/src/record.statements.js';
import { INSERT_BATCH } from '../../dist/libs/audit/src/writing/audit.statements.js';
import { filled } from './pgbench.mjs';

const bytes = (length) => `decode(repeat('a7', ${length}), 'hex')`;
const quoted = (text) => `'${text}'`;
const array = (items) => `array[${items.join(', ')}]::text[]`;

/** An event of a refresh, as long as they are. */
const BODY = JSON.stringify({
  id: '17-102',
  at: '2026-11-29T10:00:00.000Z',
  action: 'refresh.succeeded',
  outcome: 'ok',
  actor: 'system',
  provider: 'bench',
  connection: 'c-12345',
  generation: 1,
  upstream_status: 200,
  duration_ms: 8,
});

/** One batch of the log: it moves the head of the client's own stream from :seq. */
function auditBatch(rows, action) {
  const same = (value) => array(Array.from({ length: rows }, () => value));
  const nulls = same('null');
  const link = [':seq::bigint', bytes(32)];
  const columns = [same(quoted(action)), same("'ok'"), nulls, same("'bench'"), same(quoted('c-12345')), nulls, nulls];
  const values = [
    ':stream::bigint',
    "'6b1f2c1e-5a8e-4d0e-9a55-0f4f5a3c9b11'",
    "'database'",
    'clock_timestamp()',
    link[0],
    link[1],
    `(:seq::bigint + ${rows})`,
    link[1],
    ...columns,
    bytes(32 * rows),
    `E'${Array.from({ length: rows }, () => BODY).join(String.raw`\n`)}'`,
  ];
  return `${filled(INSERT_BATCH, values)};\n\\set seq :seq + ${rows}\n`;
}

/** One statement of a script of pgbench. */
const settled = (statement) => `${statement};\n`;

/** `:name`, of which pgbench knows the text of an array: some of its elements, from 1 on. */
const slice = (name, type, from, length) => `(:${name}::${type}[])[${from}:${from + length - 1}]`;

/** Claims, opens and records the beginning of `length` refreshes, from the one numbered `from` on. */
function begun({ provider, from, length, oneShot }) {
  const same = (value) => `array_fill(${value}, array[${length}])`;
  const of = (name, type) => slice(name, type, from, length);
  const nothing = same('null::text');
  const [step, trigger] = ["'refresh'::text", "'schedule'::text"].map(same);
  const asked = [of('ids', 'uuid'), of('generations', 'int'), same('false'), of('attempts', 'uuid'), step, trigger];
  const rest = [nothing, nothing, nothing, nothing, of('fences', 'bigint'), same(String(oneShot))];
  const opened = [...asked, ...rest, "'6b1f2c1e-5a8e-4d0e-9a55-0f4f5a3c9b11'", '10000'];
  return [
    settled(filled(CLAIM.text, [array([quoted(provider)]), `array[${length}]::int[]`, '30000'])),
    settled(filled(OPEN.text, opened)),
    auditBatch(length, 'refresh.started'),
  ];
}

/** The last word before `length` refreshes are sent, where they can be sent only once. */
function sent({ from, length }) {
  const of = (name, type) => slice(name, type, from, length);
  const which = [of('ids', 'uuid'), of('new_fences', 'bigint'), of('attempts', 'uuid'), of('generations', 'int')];
  return settled(filled(MARK_SENT.text, [...which, '10000']));
}

/** Stores the answers of `length` refreshes. */
function adopted({ from, length, sizes }) {
  const same = (value) => `array_fill(${value}, array[${length}])`;
  const of = (name, type) => slice(name, type, from, length);
  const what = [
    same(bytes(sizes.credential)),
    same(`'["access_token"]'::text`),
    same('true'),
    same(bytes(sizes.token)),
  ];
  const lives = [same('1795000::float8'), same('1800'), same('1350000::float8')];
  const which = [of('new_fences', 'bigint'), of('attempts', 'uuid'), same('200'), same('8'), of('versions', 'int')];
  return settled(filled(ADOPT.text, [of('ids', 'uuid'), of('generations', 'int'), ...what, ...lives, ...which]));
}

/** Refreshes that the script does each time it runs. */
export const AT_A_TIME = 8;

/** Numbers of the first of each group. */
const groups = (length) => Array.from({ length: AT_A_TIME / length }, (_, index) => 1 + index * length);

/**
 * The script: eight refreshes. Each client has connections of its own (`count` / `clients`), so that none waits for another. `together`
 * says how many the broker claims and opens, marks as sent, and adopts, with one statement, and how many rows a batch of the log has; `oneShot` whether
 * the send is marked.
 */
export function refreshScript({ provider, count, clients, together, oneShot, sizes }) {
  const share = Math.floor(count / clients);
  return [
    '\\set stream :base + :client_id\n',
    `\\set place random(0, ${share - AT_A_TIME})\n`,
    // What the broker knows of connections from their claims, and the numbers that it gives.
    `select array_agg(id) as ids, array_agg(generation) as generations, array_agg(fence) as fences, array_agg(fence + 1) as new_fences,
      array_agg(version) as versions, array_agg(gen_random_uuid()) as attempts
    from connections where provider = '${provider}'
      and name = any(array(select 'c-' || (:client_id * ${share} + :place + i) from generate_series(0, ${AT_A_TIME - 1}) as i)) \\gset\n`,
    ...groups(together.claimed).flatMap((from) => begun({ provider, from, length: together.claimed, oneShot })),
    ...(oneShot ? groups(together.sent).map((from) => sent({ from, length: together.sent })) : []),
    ...groups(together.adopted).map((from) => adopted({ from, length: together.adopted, sizes })),
    ...groups(together.logged).map(() => auditBatch(together.logged, 'refresh.succeeded')),
    settled(filled(MARK_RECORDED.text, [':attempts::uuid[]'])),
  ].join('');
}
