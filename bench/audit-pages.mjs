// How long a page of the audit log takes: every filter alone, with values that are frequent, rare and absent, and common
// pairs; the newest page, and one deep in the log by its cursor. The rows are made by SQL (ten days, bodies as real ones,
// hashes of nothing) in an embedded Postgres of its own. Usage: npm run build && node bench/audit-pages.mjs [rows …]
// (default 10000 1000000; ten million take about ten minutes and 15 GB). `--explain` shows the plans of what takes Postgres longer than
// the target of 20 ms.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { AuditEventsRepository } from '../dist/libs/audit/src/reading/audit-events.repository.js';
import { AuditEvents } from '../dist/libs/audit/src/reading/audit.events.js';
import { migrate, startEmbeddedPostgres } from '../dist/libs/database/src/index.js';
import { keepResult, line, quantile } from './keep-result.mjs';

const DAYS = 10;
const DAY_MS = 86_400_000;
const RUNS = 30;
const EXPLAINED = 5;
const TARGET_MS = 20;
const LIMIT = 100;

/** The rows `first` … `last` of one day, spread evenly over it. Values are skewed: a few callers do most. */
const FILL = `
INSERT INTO %PARTITION% (stream, seq, at, action, outcome, caller, provider, connection, request_id, token_fingerprint, hash, body)
SELECT 1 + n % 3, 1 + n / 3, at, action, outcome, caller, provider, connection, request_id, fingerprint, sha256(int8send(n)),
  format('{"id":"%s-%s","at":"%s","action":"%s","outcome":"%s","actor":"%s"%s%s,"generation":%s,"request_id":"%s","client_ip":"10.0.%s.%s"%s%s}',
    1 + n % 3, 1 + n / 3, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), action, outcome,
    CASE WHEN caller IS NULL THEN 'system' ELSE 'caller' END,
    CASE WHEN caller IS NOT NULL THEN format(',"caller":"%s","key_id":"k7f3q0x9m2ab"', caller) END,
    CASE WHEN provider IS NOT NULL THEN format(',"provider":"%s","connection":"%s"', provider, connection) END,
    n % 900, request_id, n % 250, n % 200,
    CASE WHEN fingerprint IS NOT NULL THEN format(',"token_fingerprint":"%s"', fingerprint) END,
    CASE WHEN outcome <> 'ok' THEN ',"reason":"not_found"' END)
FROM (
  SELECT n, at, action, request_id,
    CASE WHEN action = 'refresh.failed' THEN CASE WHEN n % 10 = 0 THEN 'misconfigured' ELSE 'rejected' END
      WHEN action = 'refresh.started' THEN 'started' WHEN action ~ 'refused|authentication' THEN 'refused' ELSE 'ok' END AS outcome,
    -- Of what happens often, some never happens together: svc-0 is never refused, p-0 has no connection "default".
    CASE WHEN action = 'authentication.failed' OR (action ~ 'refresh' AND n % 2 = 0) THEN NULL
      WHEN n % 1000000 = 7 THEN 'svc-rare' WHEN action = 'token.refused' THEN 'svc-' || 1 + c % 59 ELSE 'svc-' || c END AS caller,
    CASE WHEN action ~ 'token|refresh' THEN CASE WHEN n % 1000000 = 7 THEN 'p-rare' ELSE 'p-' || p END END AS provider,
    CASE WHEN action ~ 'token|refresh' THEN CASE WHEN n % 1000000 = 7 THEN 'c-rare' WHEN k < 40 AND p > 0 THEN 'default' ELSE 'c-' || k END END AS connection,
    CASE WHEN action = 'token.issued' THEN substr(encode(sha256(convert_to(p || '-' || k || '-' || n / 100000, 'UTF8')), 'base64'), 1, 43) END AS fingerprint
  FROM (
    SELECT n, %FROM%::timestamptz + (n - %FIRST%) * (interval '1 day' / %COUNT%) AS at,
      CASE WHEN n % 500000 = 11 THEN 'caller.created' WHEN n % 1000000 = 7 OR r < 0.9 THEN 'token.issued' WHEN r < 0.935 THEN 'token.refused'
        WHEN r < 0.955 THEN 'refresh.started' WHEN r < 0.974 THEN 'refresh.succeeded' WHEN r < 0.975 THEN 'refresh.failed'
        WHEN r < 0.99 THEN 'authentication.failed' WHEN r < 0.9998 THEN 'authorization.refused' ELSE 'caller.updated' END AS action,
      CASE WHEN n % 1000 = 500 THEN 'bench-' || n ELSE gen_random_uuid()::text END AS request_id,
      floor(60 * power(c, 3))::int AS c, floor(12 * power(p, 2))::int AS p, floor(400 * power(k, 2))::int AS k
    FROM (SELECT n, random() AS r, random() AS c, random() AS p, random() AS k
      FROM generate_series(%FIRST%::bigint, %LAST%::bigint) AS n OFFSET 0) AS chance OFFSET 0
  ) AS drawn OFFSET 0
) AS event`;

const firstDay = () => Math.floor(Date.now() / DAY_MS) * DAY_MS - DAYS * DAY_MS;
const dayText = (ms) => new Date(ms).toISOString().slice(0, 10);

/** Partitions are filled before they are attached: their indexes are then built at once. */
async function fill(pool, rows) {
  const count = Math.ceil(rows / DAYS);
  for (let day = 0; day < DAYS; day += 1) {
    const from = firstDay() + day * DAY_MS;
    const partition = `audit_events_${dayText(from).replaceAll('-', '')}`;
    const words = { PARTITION: partition, FROM: `'${dayText(from)} 00:00:00+00'`, FIRST: day * count, COUNT: count };
    const text = Object.entries({ ...words, LAST: (day + 1) * count - 1 }).reduce(
      (sql, [name, value]) => sql.replaceAll(`%${name}%`, String(value)),
      FILL,
    );
    await pool.query(`CREATE TABLE ${partition} (LIKE audit_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
    await pool.query(text);
    await pool.query(`ALTER TABLE audit_events ATTACH PARTITION ${partition}
      FOR VALUES FROM ('${dayText(from)} 00:00:00+00') TO ('${dayText(from + DAY_MS)} 00:00:00+00')`);
    process.stderr.write(`${(day + 1) * count} rows\n`);
  }
  await pool.query('VACUUM ANALYZE audit_events');
}

const middle = () => firstDay() + (DAYS / 2) * DAY_MS;

/** What is asked for, by its name. */
const questions = (rows) => ({
  'no filter': {},
  'action frequent': { action: 'token.issued' },
  'action 1 in 50': { action: 'refresh.started' },
  'action rare': { action: 'caller.created' },
  'action absent': { action: 'database.restored' },
  'outcome frequent': { outcome: 'ok' },
  'outcome rare': { outcome: 'misconfigured' },
  'outcome absent': { outcome: 'not_sent' },
  'caller frequent': { caller: 'svc-0' },
  'caller less frequent': { caller: 'svc-50' },
  'caller rare': { caller: 'svc-rare' },
  'caller absent': { caller: 'nobody' },
  'provider frequent': { provider: 'p-0' },
  'provider rare': { provider: 'p-rare' },
  'provider absent': { provider: 'nothing' },
  'connection frequent': { connection: 'default' },
  'connection 1 in 1000': { connection: 'c-300' },
  'connection rare': { connection: 'c-rare' },
  'connection absent': { connection: 'nothing' },
  request_id: { requestId: `bench-${Math.floor(rows / 2000) * 1000 + 500}` },
  'request_id absent': { requestId: 'nothing' },
  'from, to: an hour': { from: middle(), to: middle() + 3_600_000 },
  'from, to: beyond the log': { from: firstDay() - 9 * DAY_MS, to: firstDay() - DAY_MS },
  'caller + action': { caller: 'svc-1', action: 'token.refused' },
  'caller + action, both frequent': { caller: 'svc-0', action: 'token.issued' },
  'caller + action, never together': { caller: 'svc-0', action: 'token.refused' },
  'caller + outcome, never together': { caller: 'svc-0', outcome: 'misconfigured' },
  'provider + connection': { provider: 'p-3', connection: 'c-100' },
  'provider + connection, both frequent': { provider: 'p-1', connection: 'default' },
  'provider + connection, never together': { provider: 'p-0', connection: 'default' },
  'provider + action': { provider: 'p-5', action: 'refresh.failed' },
  'provider + outcome': { provider: 'p-5', outcome: 'misconfigured' },
  'provider + connection + action': { provider: 'p-3', connection: 'c-100', action: 'refresh.failed' },
  'caller + from, to': { caller: 'svc-3', from: middle(), to: middle() + 3_600_000 },
  'caller absent + from, to': { caller: 'nobody', from: middle(), to: middle() + DAY_MS },
  'caller + provider + connection': { caller: 'svc-1', provider: 'p-2', connection: 'c-150' },
});

/** The place in the middle of the log. */
const deep = () => Buffer.from(`${middle()}.1.1`).toString('base64url');

async function measure(events, query) {
  const times = [];
  let found = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const began = performance.now();
    found = (await events.search({ ...query, limit: LIMIT })).items.length;
    times.push(performance.now() - began);
  }
  const [first] = times;
  const sorted = times.toSorted((a, b) => a - b);
  return { found, first, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** What the database itself needs for the plan and the rows of a statement: the least of some runs, which others disturb least. */
async function databaseMs(pool, { text, values }) {
  const times = [];
  for (let run = 0; run < EXPLAINED; run += 1) {
    const { rows } = await pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
    const [plan] = rows[0]['QUERY PLAN'];
    times.push(plan['Planning Time'] + plan['Execution Time']);
  }
  return Math.min(...times);
}

async function measureAll(pool, rows, explain) {
  let latest;
  const query = (statement) => {
    latest = statement;
    return pool.query(statement).then((answer) => answer.rows);
  };
  const events = new AuditEvents(new AuditEventsRepository({ query }));
  const results = [];
  line([
    'filter',
    'rows of the page',
    'newest p50 ms',
    'p99 ms',
    'in Postgres ms',
    'deep p50 ms',
    'p99 ms',
    'in Postgres ms',
  ]);
  line(['---', '--:', '--:', '--:', '--:', '--:', '--:', '--:']);
  for (const [name, question] of Object.entries(questions(rows))) {
    const pages = [];
    for (const place of [{}, { cursor: deep() }]) {
      const page = await measure(events, { ...question, ...place });
      pages.push({ ...page, database: await databaseMs(pool, latest), statement: latest });
    }
    const [newest, below] = pages.map(({ statement: _statement, ...page }) => page);
    results.push({ name, newest, deep: below });
    const slow = pages.find(({ database }) => database > TARGET_MS);
    const figures = [newest, below].flatMap((page) => [page.p50, page.p99, page.database]);
    line([name + (slow ? ' (slow)' : ''), newest.found, ...figures.map((ms) => ms.toFixed(2))]);
    if (slow && explain) {
      const plan = await pool.query(`EXPLAIN (ANALYZE, BUFFERS) ${slow.statement.text}`, slow.statement.values);
      process.stdout.write(`${plan.rows.map((row) => row['QUERY PLAN']).join('\n')}\n`);
    }
  }
  return results;
}

async function measureSize(rows, explain) {
  const directory = await mkdtemp(join(tmpdir(), 'claviger-bench-'));
  const settings = { fsync: 'off', full_page_writes: 'off', max_wal_size: '8GB', maintenance_work_mem: '512MB' };
  const postgres = await startEmbeddedPostgres({ directory, settings });
  const pool = new Pool({ connectionString: postgres.url, max: 1 });
  try {
    await migrate(postgres.url);
    await fill(pool, rows);
    process.stdout.write(`\n${rows} rows in ${DAYS} days, pages of ${LIMIT}, ${RUNS} runs each\n\n`);
    const pages = await measureAll(pool, rows, explain);
    const [{ bytes }] = (await pool.query('SELECT pg_database_size(current_database())::text AS bytes')).rows;
    return { rows, bytes: Number(bytes), pages };
  } finally {
    await pool.end();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

const [explain, ...sizes] = process.argv.slice(2).includes('--explain')
  ? [true, ...process.argv.slice(2).filter((word) => word !== '--explain')]
  : [false, ...process.argv.slice(2)];
const runs = [];
for (const rows of sizes.length > 0 ? sizes.map(Number) : [10_000, 1_000_000]) {
  runs.push(await measureSize(rows, explain));
  await keepResult('audit-pages', { days: DAYS, limit: LIMIT, repeats: RUNS, runs });
}
