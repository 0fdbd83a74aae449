// Cached and uncached tokens over 1 000, 100 000 and 1 000 000 connections, each asked for as often as the other or few of them most of
// the time, 64 at once. A broker a set, in turn, so that each has a cache of its own; all sets lie in one database of a million. The cache
// is smaller than the larger sets. Every answer is authenticated and recorded. The largest set takes a second turn, in which an operator
// changes other connections of it all the time.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ofRank, ZIPF_EXPONENT } from '../support/access.mjs';
import { ACCESS, AskedSet, lookups, SECONDS, SENDERS } from '../support/asked-set.mjs';
import { startBroker } from '../support/broker.mjs';
import { keepChanging } from '../support/changes.mjs';
import { generator } from '../support/load.mjs';
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
/** Asked one after the other, so that nothing goes together. */
const COLD_READS = 500;
const FLUSHED_MS = 1500;
const CHANGES_A_SECOND = 2;
/** Connections that are changed: the least wanted. */
const CHANGED = 50;
const TARGET = 0.9;
const STATEMENTS = 2;

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

const hits = (runs) => Math.round(100 * median(runs.map(({ hitRate }) => hitRate)));

function rowOfChanges({ quiet, changing, made }) {
  return {
    what: `the same of ${grouped(LARGEST)}, Zipf, while an operator changes others all the time`,
    value: median(changing.map(({ rate }) => rate)),
    unit: '/s',
    spread: spread(changing.map(({ rate }) => rate)),
    baseline: { what: 'nobody changes anything', value: median(quiet.map(({ rate }) => rate)) },
    ratio: median(changing.map(({ rate }, round) => rate / quiet[round].rate)),
    note: `${made} changes in ${changing.length} s, through another replica; ${hits(changing)} % from the cache, ${hits(quiet)} % without`,
  };
}

/** The rows of the table, from what `run` resolved with. */
export function rowsOf({ sets, changes, statements, held, stored }) {
  return [
    ...sets.map((set) =>
      rowOf(
        set,
        sets.find((one) => one.size === SMALLEST && one.access === set.access),
      ),
    ),
    ...(changes === undefined ? [] : [rowOfChanges(changes)]),
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

/** Warm caches, then rounds in which all take turns; `others` find theirs warm. */
async function measure(sets, others, { rounds, progress }) {
  for (const set of sets) {
    await set.warmUp(progress);
  }
  const subjects = [...sets, ...others];
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) {
      await subject.round();
    }
    const rates = subjects.map(({ runs }) => Math.round(runs.at(-1).rate));
    progress(`${sets[0].access}, round ${round + 1}: ${rates.join(' · ')} a second`);
  }
}

/** The same set once more, each round while connections that hardly anybody asks for are changed through another broker. */
class ChangingSet {
  runs = [];
  made = 0;
  #names = Array.from({ length: CHANGED }, (_, index) => `c-${ofRank(LARGEST - 1 - index, LARGEST)}`);

  constructor(set, other, provider) {
    Object.assign(this, { set, other, provider });
  }

  async round() {
    const stop = keepChanging(this.other, { provider: this.provider, names: this.#names, perSecond: CHANGES_A_SECOND });
    this.runs.push(await this.set.measure());
    this.made += await stop();
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
  let statements;
  /** The most wanted most of the time, and each as often as the other. */
  let few;
  let evenly;
  let changing;
  try {
    for (const set of SETS) {
      brokers.push(await start(set));
    }
    const cold = Array.from({ length: COLD_READS }, (_, index) => pathOf(LARGEST - 1 - index));
    statements = await statementsOf(brokers[0], database.url, cold);
    [few, evenly] = Object.keys(ACCESS).map((access) =>
      SETS.map((set, index) => new AskedSet({ ...set, broker: brokers[index] }, access, pathOf)),
    );
    for (const set of few) {
      await set.fill(context.progress);
    }
    changing = new ChangingSet(few.at(-1), brokers[0], database.provider);
    await measure(few, [changing], context);
    await measure(evenly, [], context);
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
    changes: { quiet: few.at(-1).runs, changing: changing.runs, made: changing.made },
    held: await heldBytes(database),
    stored,
    sets: [...few, ...evenly].map(({ size, access, runs }) => ({ size, access, runs })),
  };
}
