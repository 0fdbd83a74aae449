// Due connections, renewed as fast as it goes by one broker process and by three. The third party answers after 5 ms; it is a plain
// server of Node, as the sandbox, with its accounts and its record, would be what is measured. Baseline: pgbench with the same
// statements on the same Postgres, as many clients as refreshes are under way at once. They take turns.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { migrate } from '../../dist/libs/database/src/index.js';
import { formatKeyFile, generateKeyFile } from '../../dist/libs/crypto/src/index.js';
import { startBroker } from '../support/broker.mjs';
import { median, spread } from '../support/numbers.mjs';
import { findPgbench, runPgbench } from '../support/pgbench.mjs';
import { postgresCpu } from '../support/postgres-cpu.mjs';
import { query, withPostgres } from '../support/postgres.mjs';
import { startProvider } from '../support/provider.mjs';
import { KINDS } from '../support/refresh-kinds.mjs';
import { AT_A_TIME, refreshScript } from '../support/refresh-statements.mjs';
import { seedConnections, seedProvider } from '../support/seed.mjs';
import { warmUp } from '../support/warm-up.mjs';

export const title = 'due connections are renewed, by one process and by three';

const SECONDS = 2;
/** How often is looked whether the brokers renew, or rest, as they were told; and how long they must for that. */
const LOOK_MS = 100;
const SETTLED_LOOKS = 3;
const LONGEST_SETTLING_MS = 2000;
/** Refreshes that a replica has under way at once at one provider; eight of them are sent. */
const AT_ONCE = 16;
/** Enough for the warm-up and all rounds at a rate that two cores do not reach. */
const COUNT = 40_000;
const PROVIDER = 'bench';

/** Brokers on this database that renew until they are stopped, each with a spool of its own. */
export async function startBrokers({ url, keysFile, count, args = [] }) {
  const one = { DATABASE_URL: url, KEYS_FILE: keysFile, SANDBOX: 'off', LOG_LEVEL: 'error' };
  const start = () => startBroker({ env: one, args });
  // What the first one makes, the others find.
  const first = await start();
  return [first, ...(await Promise.all(Array.from({ length: count - 1 }, start)))];
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** What was done and used between two looks, a second and a refresh. */
export async function measure({ provider, brokers, directory }, seconds) {
  const look = async () => ({
    at: performance.now(),
    ...(await provider.count()),
    brokers: sum(await Promise.all(brokers.map((broker) => broker.cpuSeconds()))),
    postgres: await postgresCpu(directory),
  });
  const before = await look();
  await pause(seconds * 1000);
  const after = await look();
  const done = after.answered - before.answered;
  const micros = (name) => ((after[name] - before[name]) / done) * 1e6;
  return {
    rate: done / ((after.at - before.at) / 1000),
    brokerMicros: micros('brokers'),
    postgresMicros: micros('postgres'),
    most: after.most,
  };
}

/** pgbench on rows of the same size, which no broker sees. */
async function baseline({ baselineUrl: url, directory, pgbench, kind, clients }) {
  const [sizes] = await query(
    url,
    'select max(length(credential)) as credential, max(length(token)) as token from connections',
  );
  const values = {
    provider: PROVIDER,
    count: COUNT,
    clients,
    together: kind.together,
    oneShot: kind.oneShot,
    sizes,
  };
  const before = await postgresCpu(directory);
  // Each client has a stream of the log of its own.
  const defines = { seq: 0, base: Math.floor(Math.random() * 1e9) };
  const { rate, done } = await runPgbench({
    pgbench,
    url,
    script: refreshScript(values),
    clients,
    seconds: Math.ceil(SECONDS),
    defines,
  });
  return {
    rate: rate * AT_A_TIME,
    postgresMicros: (((await postgresCpu(directory)) - before) / (done * AT_A_TIME)) * 1e6,
  };
}

/** The brokers begin to renew, or leave off: also with what they have claimed, which would be tried again and again without a reason. */
async function letRenew(url, provider, allowed) {
  const refused = allowed ? 'null, refused_reason = null' : `clock_timestamp(), refused_reason = 'unauthorized'`;
  await query(url, `update providers set refused_at = ${refused} where name = $1`, [PROVIDER]);
  let settled = 0;
  for (let waited = 0; settled < SETTLED_LOOKS && waited < LONGEST_SETTLING_MS; waited += LOOK_MS) {
    const before = await provider.count();
    await pause(LOOK_MS);
    const isRenewing = (await provider.count()).answered > before.answered;
    settled = isRenewing === allowed ? settled + 1 : 0;
  }
}

/** All rounds of one kind of credential and one number of processes. */
async function runKind(job) {
  const { brokerUrl, keysFile, pgbench, kind, processes, rounds, progress } = job;
  const brokers = await startBrokers({ url: brokerUrl, keysFile, count: processes });
  const runs = { warmUp: [], broker: [], pgbench: [] };
  try {
    await letRenew(brokerUrl, job.provider, true);
    runs.warmUp = await warmUp(job.provider, processes);
    progress(`${kind.name}, ${processes}, warming up: ${runs.warmUp.join(' ')}`);
    await letRenew(brokerUrl, job.provider, false);
    await (pgbench === undefined ? undefined : baseline({ ...job, clients: AT_ONCE * processes }));
    // As autovacuum does within a minute: before, Postgres plans for a table of attempts that is empty, and reads it whole.
    await Promise.all([brokerUrl, job.baselineUrl].map((url) => query(url, 'analyze attempts')));
    for (let round = 0; round < rounds; round += 1) {
      await letRenew(brokerUrl, job.provider, true);
      runs.broker.push(await measure({ ...job, brokers }, SECONDS));
      await letRenew(brokerUrl, job.provider, false);
      if (pgbench !== undefined) {
        runs.pgbench.push(await baseline({ ...job, clients: AT_ONCE * processes }));
      }
      const [own, other] = [runs.broker.at(-1), runs.pgbench.at(-1)];
      progress(
        `${kind.name}, ${processes}: ${Math.round(own.rate)} a second (${Math.round(own.brokerMicros)} + ${Math.round(own.postgresMicros)} µs, ` +
          `${own.most} at once) of ${Math.round(other?.rate)} (${Math.round(other?.postgresMicros)} µs)`,
      );
    }
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
  }
  return { kind: kind.name, processes, ...runs };
}

/** A database of this kind of connections, all of them due. */
async function seeded({ url, keysFile, provider, kind, name }) {
  await query(url, `create database ${name}`);
  const own = url.replace(/[^/]+$/, name);
  await migrate(own);
  await seedProvider({
    url: own,
    keysFile,
    name: PROVIDER,
    type: kind.type,
    settings: kind.settings(provider.url),
    secrets: kind.secrets,
  });
  await seedConnections({
    url: own,
    keysFile,
    provider: PROVIDER,
    count: COUNT,
    credential: kind.credential,
    refreshIn: () => -1,
  });
}

/** Works with two copies of it: one for the brokers, one for pgbench. */
async function withCopies(url, template, work) {
  const names = ['brokers', 'baseline'];
  for (const name of names) {
    await query(url, `create database ${name} template ${template}`);
  }
  try {
    const [brokerUrl, baselineUrl] = names.map((name) => url.replace(/[^/]+$/, name));
    return await work({ brokerUrl, baselineUrl });
  } finally {
    for (const name of names) {
      await query(url, `drop database ${name} with (force)`);
    }
  }
}

const of = (runs, name) => runs.map((one) => one[name]);

function rowsOfKind({ kind, processes, broker, pgbench }) {
  const who = `${kind}, ${processes === 1 ? 'one process' : `${processes} processes`}`;
  const ratios = pgbench.map(({ rate }, index) => broker[index].rate / rate);
  const cores = of(broker, 'rate').map(
    (rate, index) => 1e6 / (broker[index].brokerMicros + broker[index].postgresMicros),
  );
  return [
    {
      what: `refreshes, ${who}`,
      unit: '/s',
      value: median(of(broker, 'rate')),
      spread: spread(of(broker, 'rate')),
      ...(pgbench.length === 0
        ? {}
        : {
            baseline: { what: 'pgbench', value: median(of(pgbench, 'rate')) },
            ratio: median(ratios),
            target: '≥ 0.5 of pgbench',
            met: median(ratios) >= 0.5,
          }),
    },
    {
      what: `the same for a core's second, broker and Postgres`,
      unit: '',
      value: median(cores),
      spread: spread(cores),
      note: `${Math.round(median(of(broker, 'brokerMicros')))} µs broker + ${Math.round(median(of(broker, 'postgresMicros')))} µs Postgres for one`,
    },
  ];
}

/** The rows of the table, from what `run` resolved with. */
export const rowsOf = ({ results }) => results.flatMap(rowsOfKind);

/** Measures. */
export async function run({ rounds, progress }) {
  const pgbench = await findPgbench();
  const folder = await mkdtemp(join(tmpdir(), 'claviger-bench-'));
  const keysFile = join(folder, 'keys.json');
  await writeFile(keysFile, formatKeyFile(generateKeyFile()), { mode: 0o600 });
  const provider = await startProvider();
  try {
    return await withPostgres(async ({ url, directory }) => {
      const results = [];
      for (const [index, kind] of KINDS.entries()) {
        const name = `seeded_${index}`;
        await seeded({ url, keysFile, provider, kind, name });
        for (const number of kind.processes) {
          const job = { directory, keysFile, provider, pgbench, kind, processes: number, rounds, progress };
          results.push(await withCopies(url, name, (urls) => runKind({ ...job, ...urls })));
        }
      }
      return { seconds: SECONDS, results };
    });
  } finally {
    await provider.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
