// Fills a database with connections as the broker itself would have stored them: each credential and token in an envelope of
// its own, sealed with the broker's key file for its row and generation. Sealing is spread over threads, rows go in by COPY.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';
import { Secret } from '../../dist/libs/common/src/index.js';
import { Envelopes, loadKeyring } from '../../dist/libs/crypto/src/index.js';
import { sealFields } from '../../dist/libs/connections/src/sealing.js';

const WORKER = fileURLToPath(new URL('seed-worker.mjs', import.meta.url));
/** Connections that a worker is given at once: two numbers each go over to it. */
const SHARE = 20_000;
const SECOND_MS = 1000;
const HALF_AN_HOUR = 1800;

/**
 * The token of `c-<index>` at generation 1: distinct, and of a length that opaque tokens have.
 */
export const tokenOf = (index) => `seeded-${String(index).padStart(9, '0')}-${'t0k3n'.repeat(22)}`;

/**
 * Makes, or moves, a provider as the administration would: its settings, and its secrets sealed for its next generation.
 */
export async function seedProvider({ url, keysFile, name, type, settings, secrets = {} }) {
  const envelopes = new Envelopes(loadKeyring(keysFile));
  await withPool(url, async (pool) => {
    const { rows } = await pool.query('select secrets_generation from providers where name = $1', [name]);
    const generation = (rows[0]?.secrets_generation ?? 0) + 1;
    const fields = Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, new Secret(value)]));
    const sealed = await sealFields(envelopes, { table: 'providers', row: name, generation }, fields);
    await pool.query(
      `insert into providers (name, type, settings, secrets, secret_fields, secrets_generation) values ($1, $2, $3, $4, $5, $6)
       on conflict (name) do update set type = excluded.type, settings = excluded.settings, secrets = excluded.secrets,
         secret_fields = excluded.secret_fields, secrets_generation = excluded.secrets_generation`,
      [name, type, JSON.stringify(settings), sealed, Object.keys(secrets), generation],
    );
    await pool.query('update change_mark set value = value + 1');
  });
}

/**
 * Stores the connections `c-<from> … c-<from + count - 1>` of a provider that is there. `credential` says which secret fields each
 * of them holds: `token` is its own access token, `unique` a text of its own, anything else is meant as it is. `expiresIn(index)` and
 * `refreshIn(index)` are seconds from now, by index; `lifetime` is what the tokens were issued for. Where `isRenewed(index)` is false,
 * nobody may open the credential: it is a copy of another one, as sealing takes most of the time.
 */
export async function seedConnections({
  url,
  keysFile,
  provider,
  count,
  from = 0,
  credential = { access_token: 'token' },
  lifetime = HALF_AN_HOUR,
  expiresIn = () => lifetime,
  refreshIn = () => lifetime * 0.75,
  isRenewed = () => true,
  workers = availableParallelism(),
  progress = () => undefined,
}) {
  const now = Date.now();
  const at = (seconds) => now + Math.round(seconds * SECOND_MS);
  let next = from;
  const end = from + count;
  /** The next share of indexes with their times, or undefined. */
  const take = () => {
    const first = next;
    next = Math.min(end, first + SHARE);
    const indexes = Array.from({ length: next - first }, (_, place) => first + place);
    return indexes.length === 0
      ? undefined
      : {
          first,
          refreshAt: indexes.map((index) => at(refreshIn(index))),
          expiresAt: indexes.map((index) => at(expiresIn(index))),
          isRenewed: indexes.map(isRenewed),
        };
  };
  const job = { url, keysFile, provider, credential, lifetime, now };
  await Promise.all(
    Array.from({ length: Math.min(workers, Math.ceil(count / SHARE)) }, () =>
      work(job, take, () => progress(next - from)),
    ),
  );
  await withPool(url, (pool) => pool.query('vacuum analyze connections'));
}

/** One worker, which takes shares until there are none. */
async function work(job, take, done) {
  const child = fork(WORKER, { stdio: 'inherit', serialization: 'advanced' });
  const exited = once(child, 'exit');
  child.on('message', () => {
    done();
    const share = take();
    if (share === undefined) {
      child.disconnect();
    } else {
      child.send(share);
    }
  });
  child.send({ ...job, seed: randomUUID() });
  const [code] = await exited;
  if (code !== 0) {
    throw new Error(`A process that seeds ended with ${code}.`);
  }
}

/** Bytes a connection takes in Postgres: rows, what does not fit into them, and each index. */
export async function bytesPerConnection(url) {
  return withPool(url, async (pool) => {
    const { rows } = await pool.query(`
      select count(*)::int as count, pg_relation_size('connections')::float8 as heap,
        pg_table_size('connections')::float8 - pg_relation_size('connections') as toast from connections`);
    const indexes = await pool.query(`
      select indexrelid::regclass::text as name, pg_relation_size(indexrelid)::float8 as bytes
      from pg_index where indrelid = 'connections'::regclass order by 1`);
    const [{ count, heap, toast }] = rows;
    const each = (bytes) => Math.round(bytes / count);
    const of = Object.fromEntries(indexes.rows.map(({ name, bytes }) => [name, each(bytes)]));
    const sum = indexes.rows.reduce((total, { bytes }) => total + bytes, heap + toast);
    return { connections: count, total: each(sum), heap: each(heap), toast: each(toast), indexes: of };
  });
}

async function withPool(connectionString, use) {
  const pool = new Pool({ connectionString, max: 1 });
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}
