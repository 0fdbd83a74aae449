// One refresh as a script of pgbench: the broker's own statements in its order, taken from its code, with values of the same size.
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

/** What happens once in so many refreshes: a claim, a batch of the log. */
const oneIn = (times, text) => `\\set turn random(1, ${times})\n\\if :turn = 1\n${text}\\endif\n`;

/** One statement of a script of pgbench. */
const settled = (statement) => `${statement};\n`;

/**
 * The script. Each client has connections of its own (`count` / `clients`), so that none waits for another. `claimed` is how many the
 * broker claims at once, `batch` how many rows a batch of the log has, `oneShot` whether the send is marked.
 */
export function refreshScript({ provider, count, clients, claimed, batch, oneShot, sizes }) {
  const share = Math.floor(count / clients);
  const claim = filled(CLAIM.text, [array([quoted(provider)]), `array[${claimed}]::int[]`, '30000']);
  const opened = [
    ':id',
    ':generation',
    'false',
    "'6b1f2c1e-5a8e-4d0e-9a55-0f4f5a3c9b11'",
    '10000',
    'gen_random_uuid()',
    "'refresh'",
    "'schedule'",
    'null',
    'null',
    'null',
    'null',
    ':fence',
    String(oneShot),
  ];
  const sent = [':o_connection_id', ':o_fence', '10000', ':o_attempt_id', ':o_generation'];
  const adopted = [
    ':o_connection_id',
    ':o_generation',
    bytes(sizes.credential),
    "array['access_token']::text[]",
    'true',
    bytes(sizes.token),
    '1795000',
    '1800',
    '1350000',
    ':o_fence',
    ':o_attempt_id',
    '200',
    '8',
    ':o_version',
  ];
  return [
    '\\set stream :base + :client_id\n',
    `\\set place random(0, ${share - 1})\n`,
    oneIn(claimed, settled(claim)),
    // What the broker knows of a connection from its claim.
    `select id, generation, fence from connections where provider = '${provider}' and name = 'c-' || (:client_id * ${share} + :place) \\gset\n`,
    `${filled(OPEN.text, opened)} \\gset o_\n`,
    oneIn(batch, auditBatch(batch, 'refresh.started')),
    oneShot ? settled(filled(MARK_SENT.text, sent)) : '',
    settled(filled(ADOPT.text, adopted)),
    oneIn(batch, auditBatch(batch, 'refresh.succeeded')),
    oneIn(
      batch,
      settled(
        filled(MARK_RECORDED.text, [`array[${Array.from({ length: batch }, () => ':o_attempt_id').join(', ')}]`]),
      ),
    ),
  ].join('');
}
