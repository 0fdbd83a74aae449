// What group commit is worth: appends a second and latency, grouped and as one INSERT an event, on an embedded Postgres with
// its defaults (every commit reaches the disk). Usage: npm run build && node bench/audit.mjs   (about 20 s)
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { AuditHealth } from '../dist/libs/audit/src/writing/audit.health.js';
import { AuditRepository } from '../dist/libs/audit/src/writing/audit.repository.js';
import { AuditWriter } from '../dist/libs/audit/src/writing/audit.writer.js';
import { StreamWriter } from '../dist/libs/audit/src/writing/stream.writer.js';
import { toRow } from '../dist/libs/audit/src/writing/row.js';
import { Stream } from '../dist/libs/audit/src/writing/stream.js';
import { migrate, startEmbeddedPostgres } from '../dist/libs/database/src/index.js';

const ROUNDS = 3;
const ROUND_MS = 700;
const WARM_UP_MS = 300;

const newEvent = () => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'k7f3q0x9m2ab' },
  provider: 'klavi',
  connection: 'acme',
  generation: 41,
  requestId: randomUUID(),
  clientIp: '10.0.0.7',
  durationMs: 3,
  tokenFingerprint: 'h0mJ1cGxv3o9W8e2nSy5tKq7uZaB4dFiLrPsTwXyE6C',
});

/** The service's own way: one writer, one connection. */
function grouped(pool) {
  const store = new AuditRepository(pool);
  const log = { error: process.stderr.write.bind(process.stderr), info: () => {}, warn: () => {}, debug: () => {} };
  const writer = new AuditWriter(new StreamWriter(store, randomUUID(), Date), new AuditHealth(store, log), {
    observe: () => {},
  });
  return () => writer.append([newEvent()]);
}

/** One INSERT an event of the same row into a table of the same shape, without a chain: what a simple log does. */
function single(pool) {
  const INSERT = `insert into audit_events (stream, seq, at, action, outcome, caller, provider, connection, request_id,
    token_fingerprint, hash, body) values (0, $1, clock_timestamp(), $2, $3, $4, $5, $6, $7, $8, $9, $10)`;
  let seq = 0;
  const stream = new Stream('0', randomUUID());
  return () => {
    const { rows } = stream.extend([toRow(newEvent())], Date.now());
    const [{ row, body, hash }] = rows;
    const fields = [
      row.action,
      row.outcome,
      row.caller,
      row.provider,
      row.connection,
      row.requestId,
      row.tokenFingerprint,
    ];
    return pool.query({ name: 'single', text: INSERT, values: [(seq += 1), ...fields, hash, body] });
  };
}

async function runFor(ms, callers, append) {
  const latencies = [];
  const began = performance.now();
  const call = async () => {
    while (performance.now() - began < ms) {
      const sent = performance.now();
      await append();
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return { latencies, seconds: (performance.now() - began) / 1000 };
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

function summary(callers, way, runs) {
  const rates = runs.map(({ latencies, seconds }) => latencies.length / seconds).toSorted((a, b) => a - b);
  const all = runs.flatMap(({ latencies }) => latencies).toSorted((a, b) => a - b);
  return { callers, way, rate: quantile(rates, 0.5), p50: quantile(all, 0.5), p99: quantile(all, 0.99) };
}

/** Both ways take turns, so that a busy machine slows both. */
async function compare(callers, ways) {
  const runs = new Map([...ways.keys()].map((name) => [name, []]));
  for (const append of ways.values()) {
    await runFor(WARM_UP_MS, callers, append);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, append] of ways) {
      runs.get(name).push(await runFor(ROUND_MS, callers, append));
    }
  }
  return [...runs].map(([way, measured]) => summary(callers, way, measured));
}

const line = (cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`);

function print(rows) {
  line(['callers', 'way', 'appends/s (median)', 'p50 ms', 'p99 ms', 'grouped ÷ this']);
  line(['--:', '---', '--:', '--:', '--:', '--:']);
  for (const { callers, way, rate, p50, p99 } of rows) {
    const own = rows.find((row) => row.callers === callers && row.way === 'grouped');
    line([callers, way, Math.round(rate), p50.toFixed(2), p99.toFixed(2), (own.rate / rate).toFixed(2)]);
  }
}

const directory = await mkdtemp(join(tmpdir(), 'claviger-bench-'));
const postgres = await startEmbeddedPostgres({ directory });
const pools = [2, 2, 10].map((max) => new Pool({ connectionString: postgres.url, max }));
try {
  await migrate(postgres.url);
  const ways = new Map([
    ['grouped', grouped(pools[0])],
    ['one INSERT an event, 2 connections', single(pools[1])],
    ['one INSERT an event, 10 connections', single(pools[2])],
  ]);
  process.stdout.write(`Node ${process.version}, ${cpus().length} processors, Postgres beside it\n\n`);
  print([...(await compare(1, ways)), ...(await compare(64, ways)), ...(await compare(512, ways))]);
} finally {
  await Promise.all(pools.map((pool) => pool.end()));
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
}
