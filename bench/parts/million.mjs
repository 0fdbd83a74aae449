// A million connections of 30-minute tokens and three replicas: what a claim costs from a thousand connections to a million, and a
// stretch of the steady state, in which 556 renewals fall due every second. --minutes 35 runs the whole cycle and more.
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { CLAIM } from '../../dist/libs/connections/src/connection.statements.js';
import { LEFT, millionDatabase } from '../support/million-database.mjs';
import { median, quantile, spread } from '../support/numbers.mjs';
import { filled } from '../support/pgbench.mjs';
import { postgresCpu } from '../support/postgres-cpu.mjs';
import { query } from '../support/postgres.mjs';
import { bytesPerConnection } from '../support/seed.mjs';
import { warmUp } from '../support/warm-up.mjs';
import { startBrokers } from './refreshes.mjs';

export const title = 'a million connections of 30-minute tokens, three replicas';

const SIZES = [1000, 10_000, 100_000];
const PROCESSES = 3;
const STEADY_SECONDS = 30;
const PER_SECOND = 556;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** The claim as brokers make it, for so many of each provider; with `ahead` all that is due within that time counts as due. */
const claimOf = (provider, slots, ahead) =>
  filled(CLAIM.text, [
    `array['berbix', 'klavi', '${provider}']`,
    `array[${slots}, ${slots}, ${slots}]`,
    '30000',
  ]).replaceAll(
    'refresh_at <= (select clock_timestamp())',
    `refresh_at <= (select clock_timestamp() + interval '${ahead}')`,
  );

/** Its plan with what it took, and without an effect. */
async function explainOnce(connectionString, text) {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await client.query('begin');
    await client.query(`explain analyze ${text}`);
    await client.query('rollback; begin');
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${text}`);
    await client.query('rollback');
    return rows[0]['QUERY PLAN'][0];
  } finally {
    await client.end();
  }
}

/** Some of them. */
async function explain(url, text, rounds) {
  const plans = [];
  for (let round = 0; round < rounds; round += 1) {
    plans.push(await explainOnce(url, text));
  }
  return plans;
}

export async function claimCost(url, name, count, { rounds }) {
  const cases = [
    { what: 'nothing due', slots: 8, ahead: '-1 day' },
    { what: '8 of all due', slots: 8, ahead: '1 day' },
    { what: '200 of all due', slots: 200, ahead: '1 day' },
  ];
  const measured = [];
  for (const { what, slots, ahead } of cases) {
    const plans = await explain(url, claimOf(name, slots, ahead), rounds);
    const times = plans.map((plan) => plan['Execution Time']);
    const plan = plans.at(-1);
    const buffers = plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks'];
    measured.push({ what, count, ms: median(times), spread: spread(times), buffers, plan });
  }
  return measured;
}

/** `use` finds so many of the connections, evenly spread over the million, in tables of their own with the same indexes. */
async function withSome({ url, count }, size, use) {
  const schema = `claims_${size}`;
  const own = `${url}?options=${encodeURIComponent(`-c search_path=${schema},public`)}`;
  await query(url, `create schema ${schema}`);
  try {
    for (const table of ['providers', 'connections']) {
      await query(own, `create table ${schema}.${table} (like public.${table} including all)`);
    }
    await query(own, 'insert into providers select * from public.providers');
    const some = `select * from public.connections where substr(name, 3)::int % ${count / size} = 0`;
    await query(own, `insert into connections ${some}`);
    await query(own, 'vacuum analyze connections');
    return await use(own);
  } finally {
    await query(url, `drop schema ${schema} cascade`);
  }
}

/** What a claim costs with a thousand connections, with a hundred thousand, and with a million. */
export async function claims(million, context) {
  const { url, provider, count } = million;
  const measured = [];
  for (const size of SIZES) {
    measured.push(...(await withSome(million, size, (own) => claimCost(own, provider, size, context))));
  }
  measured.push(...(await claimCost(url, provider, count, context)));
  return measured;
}

/** What fell due while nobody renewed it counts as renewed: its turn comes again behind all others. */
const skipOverdue = (url) =>
  query(
    url,
    `update connections set refresh_at = refresh_at + interval '30 minutes', token_expires_at = token_expires_at + interval '30 minutes'
     where refresh_at <= now()`,
  );

/** How late each renewal of the stretch was, and whether any token ended; `since` is the database's time. */
const OUTCOME = `
with renewed as (
  select extract(epoch from token_issued_at - ($1::timestamptz + substr(name, 3)::float8 / $2 * interval '1800 seconds')) as late
  from connections where generation = 2 and token_issued_at >= $3
)
select count(*)::int as renewed, percentile_cont(array[0.5, 0.99, 1]) within group (order by late) as late,
  (select count(*)::int from connections where token_expires_at <= clock_timestamp()) as expired,
  (select count(*)::int from connections where refresh_at <= clock_timestamp()) as due
from renewed`;

/** Lets the replicas keep the million alive for so many seconds; what it takes is looked at every second. */
export async function steady({ url, directory, keysFile, count, seededAt, thirdParty }, seconds, progress) {
  await skipOverdue(url);
  await query(url, 'vacuum connections');
  // What the seeding wrote is on the disk before anybody waits for a commit.
  await query(url, 'checkpoint');
  const brokers = await startBrokers({ url, keysFile, count: PROCESSES });
  try {
    await warmUp(thirdParty, PROCESSES);
    // As autovacuum does within a minute: before, Postgres plans for a table of attempts that is empty, and reads it whole.
    await query(url, 'analyze attempts');
    const look = async () => ({
      at: performance.now(),
      ...(await thirdParty.count()),
      brokers: sum(await Promise.all(brokers.map((broker) => broker.cpuSeconds()))),
      thirdParty: await thirdParty.cpuSeconds(),
      postgres: await postgresCpu(directory),
    });
    const [{ since }] = await query(url, 'select clock_timestamp() as since');
    const looks = [await look()];
    for (let second = 0; second < seconds; second += 1) {
      await pause(Math.max(0, looks[0].at + (second + 1) * 1000 - performance.now()));
      looks.push(await look());
      if (second % 30 === 29) {
        progress(`${second + 1} s: ${looks.at(-1).answered - looks[0].answered} renewed`);
      }
    }
    const [outcome] = await query(url, OUTCOME, [new Date(seededAt), count, since]);
    const [first, last] = [looks[0], looks.at(-1)];
    const took = (last.at - first.at) / 1000;
    const cores = (name) => (last[name] - first[name]) / took;
    const rss = sum(await Promise.all(brokers.map((broker) => broker.rssBytes())));
    return {
      seconds: took,
      rate: (last.answered - first.answered) / took,
      perSecond: looks.slice(1).map(({ answered }, index) => answered - looks[index].answered),
      cores: { brokers: cores('brokers'), postgres: cores('postgres'), thirdParty: cores('thirdParty') },
      rss,
      ...outcome,
    };
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
  }
}

/** The rows of the table, from what `run` resolved with. */
export function rowsOf({ claims: measured, kept, sizes, seedSeconds }) {
  const costs = ['nothing due', '8 of all due', '200 of all due'].map((what) => {
    const own = measured.filter((one) => one.what === what);
    const [small, large] = [own[0], own.at(-1)];
    return {
      what: `a claim among a million: ${what}`,
      unit: 'ms',
      value: large.ms,
      spread: large.spread,
      baseline: { what: `among ${small.count}`, value: small.ms },
      ratio: large.ms / small.ms,
      target: 'flat',
      // A tree of a million is a page or two deeper in each place.
      met: large.buffers <= 2 * small.buffers + 10,
      note: `${own.map(({ buffers }) => buffers).join(', ')} pages with ${own.map(({ count }) => count).join(', ')}`,
    };
  });
  const [p50, p99, most] = kept.late;
  return [
    ...costs,
    {
      what: `a million kept alive for ${Math.round(kept.seconds)} s by three replicas`,
      unit: 'renewals/s',
      value: kept.rate,
      spread: [
        quantile(
          kept.perSecond.toSorted((one, other) => one - other),
          0.05,
        ),
        Math.max(...kept.perSecond),
      ],
      target: `${PER_SECOND}/s, none expires`,
      met: kept.expired === 0 && most < LEFT && kept.rate >= PER_SECOND * 0.98,
      note: `${kept.expired} expired; ${kept.cores.brokers.toFixed(2)} cores for the replicas, ${kept.cores.postgres.toFixed(2)} for Postgres`,
    },
    {
      what: 'how late they are renewed, p50',
      unit: 's',
      value: p50,
      spread: [p99, most],
      note: `spread: p99 and the latest; ${LEFT} s are left of each token when it is due`,
    },
    {
      what: 'bytes of a connection in Postgres',
      unit: 'B',
      value: sizes.total,
      note: `heap ${sizes.heap}, indexes ${sizes.total - sizes.heap - sizes.toast}; a million seeded in ${Math.round(seedSeconds)} s`,
    },
  ];
}

/** The whole cycle is kept beside the stretch of it. */
export const keptAs = ({ minutes }) => (minutes === undefined ? 'million' : 'million-long');

/** Measures. */
export async function run(context) {
  const { progress, minutes } = context;
  const million = await millionDatabase(context);
  const sizes = await bytesPerConnection(million.url);
  progress('what a claim costs');
  const measured = await claims(million, context);
  progress('the steady state');
  const kept = await steady(million, minutes === undefined ? STEADY_SECONDS : minutes * 60, progress);
  const after = await claimCost(million.url, million.provider, million.count, context);
  return { sizes, claims: measured, claimsAfter: after, kept, seedSeconds: million.seedSeconds };
}
