// Cached and uncached tokens over 1 000, 100 000 and 1 000 000 connections, each asked for as often as the other or few of them most of
// the time, 64 at once. A broker a set, in turn, so that each has a cache of its own; all sets lie in one database of a million. The cache
// is smaller than the larger sets. Every answer is authenticated and recorded.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ofRank, randomFrom, uniform, zipf, ZIPF_EXPONENT } from '../support/access.mjs';
import { startBroker } from '../support/broker.mjs';
import { generator, load } from '../support/load.mjs';
import { millionDatabase } from '../support/million-database.mjs';
import { median, spread } from '../support/numbers.mjs';
import { query } from '../support/postgres.mjs';
import { bytesPerConnection } from '../support/seed.mjs';

export const title = 'tokens of more connections than the cache holds';

/** How many connections are asked for, and the memory that the broker has for them: TOKEN_CACHE_MB, its default first. */
const SETS = [
  { size: 1000, cacheMb: 64 },
  { size: 100_000, cacheMb: 64 },
  { size: 1_000_000, cacheMb: 384 },
];
const [SMALLEST, , LARGEST] = SETS.map(({ size }) => size);
/** What a cache of one MB holds of these connections, at the most. */
const HELD_A_MB = 1300;
const ACCESS = { Zipf: zipf, uniform };
const SENDERS = 64;
/** While caches are filled; what is asked for together is read together. */
const FILLERS = 256;
const FILL_SECONDS = 4;
/** More than are asked for in that time. */
const PATHS_A_FILL = 60_000;
const SECONDS = 1;
/** More than one round asks for. */
const PATHS_A_ROUND = 30_000;
const LONGEST_WARM_UP = 3;
/** The cache is as full as it gets once it grows by less than this while it is asked. */
const GROWS = 1.02;
const SEED = 20_261_129;
/** Asked one after the other, so that nothing goes together. */
const COLD_READS = 500;
const FLUSHED_MS = 1500;
const TARGET = 0.9;
const STATEMENTS = 2;

/** A number of /metrics: the sum over all labels that contain `labels`. */
async function metric(broker, name, labels = '') {
  const text = await (await fetch(`${broker.url}/metrics`)).text();
  const lines = text.split('\n').filter((one) => one.startsWith(name) && one.includes(labels));
  return lines.reduce((sum, one) => sum + Number(one.split(' ').at(-1)), 0);
}

const lookups = async (broker) => ({
  hits: await metric(broker, 'claviger_cache_lookups_total', 'result="hit"'),
  misses: await metric(broker, 'claviger_cache_lookups_total', 'result="miss"'),
});

/** One set of connections with its own broker and its own draws. */
class Subject {
  runs = [];

  constructor({ broker, size, cacheMb }, access, pathOf) {
    this.broker = broker;
    this.size = size;
    this.access = access;
    this.pathOf = pathOf;
    this.fits = Math.min(size, cacheMb * HELD_A_MB);
    const draw = ACCESS[access](size, randomFrom(SEED + size));
    this.paths = () => Array.from({ length: PATHS_A_ROUND }, () => pathOf(draw()));
  }

  load(seconds, paths = this.paths(), connections = SENDERS) {
    const headers = { authorization: `Bearer ${this.broker.admin}` };
    return load({ url: this.broker.url, paths, headers, connections, seconds });
  }

  /** Asks once for all that fits, the most wanted last: with draws alone this would take many minutes. */
  async fill(progress) {
    for (let left = this.fits; left > 0;) {
      const count = Math.min(left, PATHS_A_FILL);
      const paths = Array.from({ length: count }, (_, index) => this.pathOf(ofRank(left - 1 - index, this.size)));
      const { total } = await this.load(FILL_SECONDS, paths, FILLERS);
      left -= Math.min(total, count);
      progress(`${this.size} connections: ${left} of ${this.fits} to be filled in`);
    }
  }

  /** Asks until the cache grows no more, but not for long: where it is not full yet, more will be missed than later on. */
  async warmUp(progress) {
    let held = await metric(this.broker, 'claviger_cache_entries');
    let before = -1;
    for (let asked = 0; asked < LONGEST_WARM_UP && held > before * GROWS; asked += SECONDS) {
      before = held;
      await this.load(SECONDS);
      held = await metric(this.broker, 'claviger_cache_entries');
    }
    progress(`${this.size} connections, ${this.access}: ${held} held`);
  }

  async round() {
    const [before, cpu] = [await lookups(this.broker), await this.broker.cpuSeconds()];
    const result = await this.load(SECONDS);
    const after = await lookups(this.broker);
    const used = (await this.broker.cpuSeconds()) - cpu;
    const [hits, misses] = [after.hits - before.hits, after.misses - before.misses];
    const rss = await this.broker.rssBytes();
    this.runs.push({ ...result, hitRate: hits / (hits + misses), cpuMicros: (used / result.total) * 1e6, rss });
  }
}

const tokenPath = (provider) => (index) => `/providers/${provider}/token?connection=c-${index}`;

/** Commits a cold read takes when it is alone: each of its statements is one. What the broker does by itself meanwhile is taken off. */
async function statementsOf(broker, url, paths) {
  const commits = async () => {
    await pause(FLUSHED_MS);
    const [{ count }] = await query(
      url,
      'select xact_commit::float8 as count from pg_stat_database where datname = current_database()',
    );
    return count;
  };
  const headers = { authorization: `Bearer ${broker.admin}` };
  const before = { at: performance.now(), commits: await commits(), ...(await lookups(broker)) };
  for (const path of paths) {
    await (await fetch(`${broker.url}${path}`, { headers })).arrayBuffer();
  }
  const after = { at: performance.now(), commits: await commits(), ...(await lookups(broker)) };
  await pause(after.at - before.at);
  const idle = (await commits()) - after.commits;
  return (after.commits - before.commits - idle) / (after.misses - before.misses);
}

/** While they are off nothing is renewed as it falls due: only reads are measured. */
const setRenewals = ({ url, provider }, on) =>
  query(url, 'update providers set refused_at = case when $2 then null else now() end where name = $1', [provider, on]);

/** Bytes of memory a connection takes in the cache, measured in a process of its own. */
async function heldBytes({ url, keysFile, provider }) {
  const script = fileURLToPath(new URL('../support/held-bytes.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, url, keysFile, provider]);
  return JSON.parse(stdout);
}

const grouped = (number) => number.toLocaleString('en').replaceAll(',', ' ');

const pick = ({ runs }, name) => runs.map((one) => one[name]);

function rowOf(set, base) {
  const { size, access, runs } = set;
  const ratios = runs.map(({ rate }, round) => rate / base.runs[round].rate);
  const failed = pick(set, 'failed').reduce((sum, count) => sum + count, 0);
  const middle = (name) => median(pick(set, name));
  const isTarget = size === LARGEST && access === 'Zipf';
  const compared = {
    baseline: { what: `${grouped(SMALLEST)} connections`, value: median(pick(base, 'rate')) },
    ratio: median(ratios),
  };
  const judged = { target: `≥ ${TARGET} of ${grouped(SMALLEST)}`, met: median(ratios) >= TARGET && failed === 0 };
  return {
    what: `tokens of ${grouped(size)} connections, ${access}`,
    value: middle('rate'),
    unit: '/s',
    spread: spread(pick(set, 'rate')),
    note: `${failed} failed; ${Math.round(100 * middle('hitRate'))} % from the cache, p99 ${middle('p99').toFixed(1)} ms, ${Math.round(middle('cpuMicros'))} µs of the broker each, ${Math.round(Math.max(...pick(set, 'rss')) / 2 ** 20)} MB`,
    ...(set !== base && compared),
    ...(isTarget && judged),
  };
}

/** The rows of the table, from what `run` resolved with. */
export function rowsOf({ sets, statements, held, stored }) {
  return [
    ...sets.map((set) =>
      rowOf(
        set,
        sets.find((one) => one.size === SMALLEST && one.access === set.access),
      ),
    ),
    {
      what: 'statements of a cold read',
      value: statements,
      target: `≤ ${STATEMENTS}`,
      met: Math.round(statements * 10) / 10 <= STATEMENTS,
      note: `${COLD_READS} of them, one after the other; its own row of the log included`,
    },
    { what: 'a connection in the cache', value: held.bytes, unit: 'bytes', note: `its token has ${held.token}` },
    { what: 'a connection in Postgres', value: stored.total, unit: 'bytes', note: 'indexes included' },
  ];
}

/** Warm caches, then rounds in which all take turns. */
async function measure(subjects, { rounds, progress }) {
  for (const subject of subjects) {
    await subject.warmUp(progress);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) {
      await subject.round();
    }
    const rates = subjects.map(({ runs }) => Math.round(runs.at(-1).rate));
    progress(`${subjects[0].access}, round ${round + 1}: ${rates.join(' · ')} a second`);
  }
}

/** Measures. */
export async function run(context) {
  const database = await millionDatabase(context);
  const stored = await bytesPerConnection(database.url);
  const dataDir = await mkdtemp(join(tmpdir(), 'claviger-bench-'));
  await copyFile(database.keysFile, join(dataDir, 'keys.json'));
  await setRenewals(database, false);
  const pathOf = tokenPath(database.provider);
  const start = ({ size, cacheMb }) =>
    startBroker({
      env: {
        DATABASE_URL: database.url,
        DATA_DIR: dataDir,
        SPOOL_DIR: join(dataDir, `spool-${size}`),
        TOKEN_CACHE_MB: String(cacheMb),
      },
    });
  const brokers = [];
  const subjects = [];
  let statements;
  try {
    for (const set of SETS) {
      brokers.push(await start(set));
    }
    const cold = Array.from({ length: COLD_READS }, (_, index) => pathOf(LARGEST - 1 - index));
    statements = await statementsOf(brokers[0], database.url, cold);
    for (const access of Object.keys(ACCESS)) {
      const now = SETS.map((set, index) => new Subject({ ...set, broker: brokers[index] }, access, pathOf));
      if (subjects.length === 0) {
        for (const subject of now) {
          await subject.fill(context.progress);
        }
      }
      subjects.push(...now);
      await measure(now, context);
    }
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
    await setRenewals(database, true);
    await rm(dataDir, { recursive: true, force: true });
  }
  return {
    generator,
    senders: SENDERS,
    seconds: SECONDS,
    zipfExponent: ZIPF_EXPONENT,
    asked: SETS,
    statements,
    held: await heldBytes(database),
    stored,
    sets: subjects.map(({ size, access, runs }) => ({ size, access, runs })),
  };
}
