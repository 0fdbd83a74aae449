// How fast the log is verified: rows a second on one core of Node, against only reading the same rows the same way, on an embedded
// Postgres. Usage: npm run build && node bench/verify.mjs [rows]   (200 000 rows unless said; about 30 s)
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationRepository, verifyLog } from '../dist/libs/audit/src/index.js';
import { AuditRepository } from '../dist/libs/audit/src/writing/audit.repository.js';
import { toRow } from '../dist/libs/audit/src/writing/row.js';
import { Stream } from '../dist/libs/audit/src/writing/stream.js';
import { Secret } from '../dist/libs/common/src/index.js';
import { Database, migrate, startEmbeddedPostgres } from '../dist/libs/database/src/index.js';

const ROWS = Number(process.argv[2] ?? 200_000);
const BATCH = 256;
const STREAMS = 3;
const ROUNDS = 3;

const newEvent = () => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'k7f3q0x9m2ab' },
  provider: 'klavi',
  connection: 'acme',
  generation: 41,
  requestId: randomUUID(),
  clientIp: '10.0.0.7',
  reason: 'cache',
  tokenFingerprint: 'ab'.repeat(16),
  tokenExpiresAt: Date.now() + 1_800_000,
});

/** Several writers in turn, as replicas write. */
async function fill(database) {
  const store = new AuditRepository(database.auditPool);
  const streams = [];
  for (let index = 0; index < STREAMS; index += 1) {
    streams.push(new Stream(await store.openStream(), randomUUID()));
  }
  for (let written = 0; written < ROWS; written += BATCH) {
    const stream = streams[(written / BATCH) % STREAMS];
    const batch = stream.extend(
      Array.from({ length: Math.min(BATCH, ROWS - written) }, () => toRow(newEvent())),
      Date.now(),
    );
    await store.insert(batch);
    stream.advance(batch);
  }
}

async function readOnly(source) {
  let rows = 0;
  for await (const page of source.rows({})) {
    rows += page.length;
  }
  return rows;
}

async function verified(source, keys) {
  const { ok, rows, fault } = await verifyLog(source, { keys });
  if (!ok) {
    throw new Error(JSON.stringify(fault));
  }
  return rows;
}

async function rate(work) {
  const [began, used] = [performance.now(), process.cpuUsage()];
  const rows = await work();
  const { user, system } = process.cpuUsage(used);
  return { perSecond: rows / ((performance.now() - began) / 1000), perCpuSecond: rows / ((user + system) / 1e6) };
}

const best = (runs, name) => Math.round(Math.max(...runs.map((run) => run[name])));

const directory = await mkdtemp(join(tmpdir(), 'claviger-bench-'));
const postgres = await startEmbeddedPostgres({ directory });
const database = new Database({ databaseUrl: new Secret(postgres.url) });
try {
  await migrate(postgres.url);
  await fill(database);
  const source = new VerificationRepository(database);
  const keys = new Map([['s', generateKeyPairSync('ed25519').publicKey]]);
  const runs = { read: [], verify: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    runs.read.push(await rate(() => readOnly(source)));
    runs.verify.push(await rate(() => verified(source, keys)));
  }
  process.stdout.write(`Node ${process.version}, ${cpus().length} processors, Postgres beside it, ${ROWS} rows\n\n`);
  process.stdout.write(
    '| what | rows/s (best of 3) | rows per second of our processor time | of reading |\n| --- | --: | --: | --: |\n',
  );
  const whole = best(runs.read, 'perSecond');
  for (const [what, name] of [
    ['reading the rows', 'read'],
    ['verifying them', 'verify'],
  ]) {
    const perSecond = best(runs[name], 'perSecond');
    process.stdout.write(
      `| ${what} | ${perSecond} | ${best(runs[name], 'perCpuSecond')} | ${(perSecond / whole).toFixed(2)} |\n`,
    );
  }
} finally {
  await database.close();
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
}
