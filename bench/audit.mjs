// What group commit is worth: rows a second and latency of the service's own way, by one process and by three, beside one
// INSERT an event and pgbench inserting the same row; and how long a lone append takes. On an embedded Postgres with its
// defaults (every commit reaches the disk), all ways taking turns in one run. Usage: npm run build && node bench/audit.mjs
// (about a minute and a half)
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Pool } from 'pg';
import { migrate, startEmbeddedPostgres } from '../dist/libs/database/src/index.js';
import { keepResult, line, quantile } from './keep-result.mjs';

const ROUNDS = 5;
const ROUND_MS = 1500;
const WRITER = fileURLToPath(new URL('audit-writer.mjs', import.meta.url));
const execute = promisify(execFile);

/** The same row as a script of pgbench; what differs from row to row there is the request id. */
const SCRIPT = `\\set n random(1, 9000000000000)
\\set c random(0, 399)
INSERT INTO audit_events (stream, seq, at, action, outcome, caller, provider, connection, request_id, token_fingerprint, hash, body)
VALUES (0, :n::bigint, clock_timestamp(), 'token.issued', 'ok', 'svc-' || :c::int % 40, 'provider-' || :c::int % 12, 'conn-' || :c::int,
  gen_random_uuid()::text, 'h0mJ1cGxv3o9W8e2nSy5tKq7uZaB4dFiLrPsTwXyE6C', decode(repeat('a7', 32), 'hex'),
  '{"id":"0-' || :n::bigint || '","at":"2026-11-29T10:00:00.000Z","action":"token.issued","outcome":"ok","actor":"caller","caller":"svc-1","key_id":"k7f3q0x9m2ab","provider":"provider-1","connection":"conn-1","generation":41,"request_id":"6b1f2c1e-5a8e-4d0e-9a55-0f4f5a3c9b11","client_ip":"10.0.0.7","reason":"cache","token_fingerprint":"h0mJ1cGxv3o9W8e2nSy5tKq7uZaB4dFiLrPsTwXyE6C","token_expires_at":"2027-01-15T08:00:00.000Z"}');
`;

const WAYS = [
  { name: 'grouped, 1 process', way: 'grouped', processes: 1, callers: 64 },
  { name: 'grouped, 1 process', way: 'grouped', processes: 1, callers: 512 },
  { name: 'grouped, 3 processes', way: 'grouped', processes: 3, callers: 64 },
  { name: 'grouped, 3 processes', way: 'grouped', processes: 3, callers: 512 },
  { name: 'one INSERT an event, 1 process, 10 connections', way: 'single', processes: 1, callers: 64 },
  { name: 'one INSERT an event, 3 processes, 10 connections each', way: 'single', processes: 3, callers: 64 },
  { name: 'pgbench, the same INSERT, 10 clients', way: 'pgbench', processes: 1, callers: 10 },
  { name: 'pgbench, the same INSERT, 64 clients', way: 'pgbench', processes: 1, callers: 64 },
  { name: 'a lone append', way: 'grouped', processes: 1, callers: 1 },
  { name: 'a lone INSERT', way: 'single', processes: 1, callers: 1 },
];

async function findPgbench() {
  const folders = await readdir('/usr/lib/postgresql').catch(() => []);
  const places = ['pgbench', ...folders.map((version) => `/usr/lib/postgresql/${version}/bin/pgbench`)];
  for (const place of places) {
    const works = await execute(place, ['--version']).then(
      () => true,
      () => false,
    );
    if (works) {
      return place;
    }
  }
  return undefined;
}

/** Starts a process that records and resolves once it waits for the beginning. */
async function startWriter({ way, callers }, url) {
  const child = spawn(process.execPath, [WRITER, way, url, String(callers), String(ROUND_MS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  const ready = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
      if (text.startsWith('ready\n')) {
        resolve();
      }
    });
  });
  const ended = once(child, 'close').then(() => JSON.parse(text.slice('ready\n'.length)));
  await ready;
  return { begin: () => child.stdin.write('go\n'), ended };
}

async function runWriters(way, url) {
  const writers = await Promise.all(Array.from({ length: way.processes }, () => startWriter(way, url)));
  writers.forEach((writer) => writer.begin());
  const results = await Promise.all(writers.map((writer) => writer.ended));
  const rate = results.reduce((sum, { count, seconds }) => sum + count / seconds, 0);
  return { rate, latencies: results.flatMap(({ latencies }) => latencies) };
}

/** pgbench tells the average latency only. */
async function runPgbench({ callers }, url, { pgbench, script }) {
  const seconds = String(Math.ceil(ROUND_MS / 1000));
  const options = ['-n', '-M', 'prepared', '-f', script, '-c', String(callers), '-j', '2', '-T', seconds];
  const { stdout } = await execute(pgbench, [...options, url]);
  return { rate: Number(/tps = ([\d.]+)/.exec(stdout)?.[1]), latencies: [] };
}

async function measure(url, tool) {
  const ways = WAYS.filter(({ way }) => way !== 'pgbench' || tool.pgbench !== undefined);
  const runs = new Map(ways.map((way) => [way, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of ways) {
      runs.get(way).push(await (way.way === 'pgbench' ? runPgbench(way, url, tool) : runWriters(way, url)));
    }
  }
  return [...runs].map(([{ name, processes, callers }, measured]) => {
    const rates = measured.map(({ rate }) => rate).toSorted((a, b) => a - b);
    const latencies = measured.flatMap((run) => run.latencies).toSorted((a, b) => a - b);
    const spread = [rates[0], rates.at(-1)];
    const [p50, p99] = [0.5, 0.99].map((part) => quantile(latencies, part));
    return { name, callers: callers * processes, rate: quantile(rates, 0.5), spread, p50, p99 };
  });
}

function print(rows) {
  const best = rows.find(({ name, callers }) => name === 'grouped, 3 processes' && callers > 1000)?.rate ?? 0;
  line(['way', 'callers', 'rows/s, median', 'least … most', 'p50 ms', 'p99 ms', 'grouped by 3 ÷ this']);
  line(['---', '--:', '--:', '--:', '--:', '--:', '--:']);
  for (const { name, callers, rate, spread, p50, p99 } of rows) {
    const [least, most] = spread.map(Math.round);
    const ratio = (best / rate).toFixed(2);
    line([
      name,
      callers,
      Math.round(rate),
      `${least} … ${most}`,
      p50?.toFixed(2) ?? '–',
      p99?.toFixed(2) ?? '–',
      ratio,
    ]);
  }
}

const directory = await mkdtemp(join(tmpdir(), 'claviger-bench-'));
const postgres = await startEmbeddedPostgres({ directory });
try {
  await migrate(postgres.url);
  const pool = new Pool({ connectionString: postgres.url, max: 1 });
  const { version } = (await pool.query(`SELECT current_setting('server_version') AS version`)).rows[0];
  await pool.end();
  const tool = { pgbench: await findPgbench(), script: join(directory, 'insert.sql') };
  await writeFile(tool.script, SCRIPT);
  process.stdout.write(
    `Node ${process.version}, ${cpus().length} processors, Postgres ${version} beside it, ${ROUNDS} rounds\n\n`,
  );
  const rows = await measure(postgres.url, tool);
  print(rows);
  if (tool.pgbench === undefined) {
    process.stdout.write('\npgbench is not here (Debian: postgresql-contrib), so its rows are left out.\n');
  }
  await keepResult('audit', { rounds: ROUNDS, roundMs: ROUND_MS, postgres: version, rows });
} finally {
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
}
