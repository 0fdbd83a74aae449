// What group commit is worth: rows a second and latency of the service's own way, by one process and by three, beside one INSERT an
// event and pgbench inserting the same row; and how long a lone append takes. All ways take turns.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median, quantile, spread } from '../support/numbers.mjs';
import { findPgbench } from '../support/pgbench.mjs';
import { withPostgres } from '../support/postgres.mjs';

export const title = 'appends to the audit log';

const ROUND_MS = 1000;
const TARGET = 15_000;
const WRITER = fileURLToPath(new URL('../audit-writer.mjs', import.meta.url));
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
  { name: 'three writers, 64 callers each', way: 'grouped', processes: 3, callers: 64 },
  { name: 'three writers, 512 callers each', way: 'grouped', processes: 3, callers: 512 },
  { name: 'one writer, 64 callers', way: 'grouped', processes: 1, callers: 64 },
  { name: 'one INSERT an event, three processes, 64 callers each', way: 'single', processes: 3, callers: 64 },
  { name: 'a lone append', way: 'grouped', processes: 1, callers: 1 },
];
const [THREE, THREE_OF_MANY, ONE, SINGLE, LONE] = WAYS;
const PGBENCH = { name: 'one INSERT an event, pgbench, 64 clients', callers: 64 };

/** Starts a process that records; it waits between its rounds. */
async function startWriter({ way, callers }, url) {
  const child = spawn(process.execPath, [WRITER, way, url, String(callers), String(ROUND_MS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const round = async () => {
    child.stdin.write('go\n');
    return JSON.parse((await lines.next()).value);
  };
  const stop = async () => {
    child.stdin.end();
    await once(child, 'exit');
  };
  return { round, stop };
}

async function runWriters(writers) {
  const results = await Promise.all(writers.map(({ round }) => round()));
  const rate = results.reduce((sum, { count, seconds }) => sum + count / seconds, 0);
  return { rate, latencies: results.flatMap(({ latencies }) => latencies) };
}

/** pgbench tells the average latency only. */
async function runPgbench({ callers }, { url, pgbench, script }) {
  const seconds = String(Math.ceil(ROUND_MS / 1000));
  const options = ['-n', '-M', 'prepared', '-f', script, '-c', String(callers), '-j', '2', '-T', seconds];
  const { stdout } = await execute(pgbench, [...options, url]);
  return { rate: Number(/tps = ([\d.]+)/.exec(stdout)?.[1]), latencies: [] };
}

/** A function for each way, which runs a round of it. */
async function prepare(ways, tool) {
  const started = [];
  const runs = new Map();
  for (const way of ways) {
    const writers = await Promise.all(Array.from({ length: way.processes }, () => startWriter(way, tool.url)));
    started.push(...writers);
    runs.set(way.name, () => runWriters(writers));
  }
  if (tool.pgbench !== undefined) {
    runs.set(PGBENCH.name, () => runPgbench(PGBENCH, tool));
  }
  return { runs, stop: () => Promise.all(started.map(({ stop }) => stop())) };
}

async function runAll(rounds, tool, progress) {
  const { runs, stop } = await prepare(WAYS, tool);
  const measured = [...runs.keys()].map((name) => ({ name, rounds: [] }));
  try {
    for (let round = 0; round < rounds; round += 1) {
      progress(`round ${round + 1}`);
      for (const way of measured) {
        way.rounds.push(await runs.get(way.name)());
      }
    }
  } finally {
    await stop();
  }
  return measured.map(summarize);
}

/** What the rounds of a way come to: rows a second, and milliseconds of an append. */
function summarize({ name, rounds }) {
  const rates = rounds.map(({ rate }) => rate);
  const quantiles = [0.5, 0.99].map((part) =>
    rounds
      .filter(({ latencies }) => latencies.length > 0)
      .map(({ latencies }) =>
        quantile(
          latencies.toSorted((one, other) => one - other),
          part,
        ),
      ),
  );
  return { name, rates, p50s: quantiles[0], p99s: quantiles[1] };
}

/** The rows of the table, from what `run` resolved with. */
export function rowsOf({ ways }) {
  const find = (way) => ways.find(({ name }) => name === way.name);
  const single = median(find(SINGLE).rates);
  const row = ({ name, rates, p50s, p99s }, more) => ({
    what: `audit: ${name}`,
    value: median(rates),
    unit: 'rows/s',
    spread: spread(rates),
    baseline: { what: 'one INSERT an event', value: single },
    ratio: median(rates) / single,
    note: p50s.length > 0 ? `p50 ${median(p50s).toFixed(1)} ms, p99 ${median(p99s).toFixed(1)} ms` : undefined,
    ...more,
  });
  const target = (way) => ({ target: '≥ 15 000 rows/s, three writers', met: median(find(way).rates) >= TARGET });
  const lone = find(LONE);
  return [
    row(find(THREE), target(THREE)),
    row(find(THREE_OF_MANY), target(THREE_OF_MANY)),
    row(find(ONE)),
    ...[find(PGBENCH)].filter((one) => one !== undefined).map((one) => row(one)),
    { what: 'audit: a lone append', value: median(lone.p50s), unit: 'ms', spread: spread(lone.p50s) },
  ];
}

/** Rounds of a second; without pgbench (Debian: postgresql-contrib) its row is left out. */
export async function run({ rounds, progress }) {
  return await withPostgres(async ({ url, directory, version }) => {
    const tool = { url, pgbench: await findPgbench(), script: join(directory, 'insert.sql') };
    await writeFile(tool.script, SCRIPT);
    return { rounds, roundMs: ROUND_MS, postgres: version, ways: await runAll(rounds, tool, progress) };
  });
}
