// One process that records, for bench/parts/audit.mjs: says "ready", then runs a round for each line on its standard input and answers
// it with a line of JSON. Arguments: way (grouped, single), connection string, callers, milliseconds.
import { createHash, randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Pool } from 'pg';
import { AuditHealth } from '../dist/libs/audit/src/writing/audit.health.js';
import { AuditRepository } from '../dist/libs/audit/src/writing/audit.repository.js';
import { AuditWriter } from '../dist/libs/audit/src/writing/audit.writer.js';
import { toRow } from '../dist/libs/audit/src/writing/row.js';
import { Stream } from '../dist/libs/audit/src/writing/stream.js';
import { StreamWriter } from '../dist/libs/audit/src/writing/stream.writer.js';

const INSERT = `INSERT INTO audit_events (stream, seq, at, action, outcome, caller, provider, connection, request_id,
  token_fingerprint, hash, body) VALUES (0, $1, clock_timestamp(), $2, $3, $4, $5, $6, $7, $8, $9, $10)`;
const SINGLE_CONNECTIONS = 10;
const WARM_UP_MS = 200;
/** Connections are closed between rounds, as the other ways need theirs. */
const IDLE_MS = 100;

let made = 0;

/** A token's release, of forty callers, twelve providers and four hundred connections. */
export function newEvent() {
  made += 1;
  const connection = `conn-${made % 400}`;
  return {
    action: 'token.issued',
    outcome: 'ok',
    actor: { type: 'caller', caller: `svc-${made % 40}`, keyId: 'k7f3q0x9m2ab' },
    provider: `provider-${made % 12}`,
    connection,
    generation: 41,
    reason: 'cache',
    requestId: randomUUID(),
    clientIp: '10.0.0.7',
    tokenFingerprint: createHash('sha256').update(connection).digest('base64url'),
    tokenExpiresAt: 1_800_000_000_000,
  };
}

const say = (text, facts) => void process.stderr.write(`${text} ${JSON.stringify(facts)}\n`);

/** The service's own way: one writer, one connection. */
function grouped(url) {
  const pool = new Pool({ connectionString: url, max: 2, pipeline: true });
  const store = new AuditRepository(pool);
  const log = { error: say, info: () => {}, warn: () => {}, debug: () => {} };
  const rows = new StreamWriter(store, randomUUID(), Date);
  const writer = new AuditWriter(rows, new AuditHealth(store, log), { observe: () => {} });
  return { append: () => writer.append([newEvent()]), end: () => writer.close().then(() => pool.end()) };
}

/** One INSERT an event of the same row into the same table, without a chain: what a simple log does. */
function single(url) {
  const pool = new Pool({ connectionString: url, max: SINGLE_CONNECTIONS, idleTimeoutMillis: IDLE_MS });
  const stream = new Stream('0', randomUUID());
  const first = Math.floor(Math.random() * 2 ** 40);
  let seq = first;
  const append = () => {
    const { rows, bodies, hashes } = stream.extend([toRow(newEvent())], Date.now());
    const [row] = rows;
    const names = [row.caller, row.provider, row.connection, row.requestId, row.tokenFingerprint];
    const values = [(seq += 1), row.action, row.outcome, ...names, hashes, bodies[0]];
    return pool.query({ name: 'single', text: INSERT, values });
  };
  return { append, end: () => pool.end() };
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

const [, , way, url, callers, ms] = process.argv;
const { append, end } = way === 'grouped' ? grouped(url) : single(url);
await append();
process.stdout.write('ready\n');
for await (const _ of createInterface({ input: process.stdin })) {
  await runFor(WARM_UP_MS, Number(callers), append);
  const { latencies, seconds } = await runFor(Number(ms), Number(callers), append);
  process.stdout.write(`${JSON.stringify({ count: latencies.length, seconds, latencies })}\n`);
}
await end();
