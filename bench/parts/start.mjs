// From the start of the process to the first 200 of /health/ready, as in production on a migrated database; memory at rest, and over
// time under full load. Baseline: Nest on Fastify with one controller and a pool, from the same node_modules. They take turns.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FLAGS, PROGRAM as BROKER, startBroker } from '../support/broker.mjs';
import { load } from '../support/load.mjs';
import { cpuOf, median, rssOf, spread } from '../support/numbers.mjs';
import { withPostgres } from '../support/postgres.mjs';

export const title = 'from process start to ready, and memory';

const FEWEST_STARTS = 5;
/** Processes of each program that rest side by side. */
const RESTING = 5;
/** With the two collections after the start (apps/broker/src/collect-after-start.ts). */
const REST_MS = 15_000;
const CONNECTIONS = 64;
const WARM_UP_SECONDS = 5;
const MEGABYTE = 2 ** 20;
/**
 * Growth that counts as none, in percent of the memory a minute: what the garbage collector's coming and going leaves of a line through
 * five minutes. One object of 16 bytes kept of each of 10 000 answers a second would be ten times that. The figure stands in the table.
 */
const FLAT_PERCENT = 0.5;
/** A shorter load says nothing of growth: caches and the heap still fill. */
const FEWEST_FLAT_SECONDS = 300;
/** What the table says of growth where no load was asked for. */
const NOT_LOADED = {
  what: 'memory under full load',
  target: 'flat',
  note: 'takes ten minutes of its own: npm run bench -- start --minutes 10',
};
const PATH = '/providers/klavi/token?connection=demo';
const BARE = fileURLToPath(new URL('../support/bare-nest.mjs', import.meta.url));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const isReady = (url) =>
  fetch(`${url}/health/ready`).then(
    ({ status }) => status === 200,
    () => false,
  );

/** Starts a program and waits until it is ready: milliseconds of the clock, and of the processor. */
async function startAndWait(program, env) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const began = performance.now();
  const child = spawn(process.execPath, [...FLAGS, program], {
    env: { PATH: process.env.PATH, ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (!(await isReady(url))) {
    if (child.exitCode !== null) {
      throw new Error(`${program} ended with ${child.exitCode}.`);
    }
    await sleep(5);
  }
  const milliseconds = performance.now() - began;
  const cpuMilliseconds = ((await cpuOf(child.pid)) ?? NaN) * 1000;
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { url, pid: child.pid, milliseconds, cpuMilliseconds, stop };
}

async function measureStart(program, env) {
  const { milliseconds, cpuMilliseconds, stop } = await startAndWait(program, env);
  await stop();
  return { milliseconds, cpuMilliseconds };
}

/** Memory of processes that nobody asks anything, in MB, of each of the programs. */
async function measureRest(programs, env) {
  const started = [];
  try {
    for (const program of programs) {
      for (let place = 0; place < RESTING; place += 1) {
        started.push({ program, ...(await startAndWait(program, env)) });
      }
    }
    await sleep(REST_MS);
    const restOf = async ({ pid }) => ({ restMb: ((await rssOf(pid)) ?? NaN) / MEGABYTE });
    return await Promise.all(
      programs.map((program) => Promise.all(started.filter((one) => one.program === program).map(restOf))),
    );
  } finally {
    await Promise.all(started.map(({ stop }) => stop()));
  }
}

/** Memory each second of a load that lasts so long, in MB. */
async function memoryUnderLoad(env, headers, seconds) {
  const broker = await startAndWait(BROKER, env);
  const ask = { url: broker.url, paths: [PATH], headers, connections: CONNECTIONS };
  try {
    await load({ ...ask, seconds: WARM_UP_SECONDS });
    const samples = [];
    const began = performance.now();
    const timer = setInterval(async () => {
      const bytes = await rssOf(broker.pid);
      samples.push({ second: (performance.now() - began) / 1000, mb: (bytes ?? NaN) / MEGABYTE });
    }, 1000);
    const { rate, failed, total } = await load({ ...ask, seconds });
    clearInterval(timer);
    return { samples, rate, failed, total };
  } finally {
    await broker.stop();
  }
}

const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
const pick = (runs, name) => runs.map((one) => one[name]);

/** Growth of the last half, in MB a minute: the slope of the line that fits best. */
function slopeOf(samples) {
  const late = samples.slice(Math.floor(samples.length / 2));
  const at = mean(late.map(({ second }) => second));
  const mb = mean(late.map((one) => one.mb));
  const covariance = late.reduce((sum, one) => sum + (one.second - at) * (one.mb - mb), 0);
  return (covariance / late.reduce((sum, one) => sum + (one.second - at) ** 2, 0)) * 60;
}

/** Flat, or not yet to be told. */
function growthRow({ samples, seconds, rate }, mb) {
  const slope = slopeOf(samples);
  const percent = (slope / mb) * 100;
  const isLongEnough = seconds >= FEWEST_FLAT_SECONDS;
  const bytes = (slope * MEGABYTE) / (rate * 60);
  return {
    what: 'its growth in the last half of that',
    unit: '%/min',
    value: percent,
    target: isLongEnough ? `flat: < ${FLAT_PERCENT} %/min` : 'flat, with --minutes 10',
    met: isLongEnough ? percent < FLAT_PERCENT : undefined,
    note: `${slope.toFixed(2)} MB/min, ${bytes.toFixed(1)} bytes an answer`,
  };
}

function loadedRows(loaded) {
  const mbs = loaded.samples.map(({ mb }) => mb);
  return [
    {
      what: `memory under full load, ${Math.round(loaded.seconds)} s`,
      unit: 'MB',
      value: median(mbs),
      spread: spread(mbs),
      note: `${Math.round(loaded.rate)} answers/s, ${loaded.failed} failed`,
    },
    growthRow(loaded, median(mbs)),
  ];
}

/** The rows of the table, from what `run` resolved with. */
export function rowsOf({ broker, bare, rest, bareRest, loaded }) {
  const row = (what, unit, name, more = {}, [own, other] = [broker, bare]) => {
    const values = pick(own, name);
    const baseline = median(pick(other, name));
    const ratio = median(values) / baseline;
    return {
      what,
      unit,
      value: median(values),
      spread: spread(values),
      baseline: { what: 'bare Nest', value: baseline },
      ratio,
      ...more,
    };
  };
  return [
    row('start to ready, warm database', 'ms', 'milliseconds', {
      target: '< 1000 ms',
      met: median(pick(broker, 'milliseconds')) < 1000,
    }),
    row('the same, processor time', 'ms', 'cpuMilliseconds'),
    row('memory at rest', 'MB', 'restMb', { target: '< 120 MB', met: median(pick(rest, 'restMb')) < 120 }, [
      rest,
      bareRest,
    ]),
    ...(loaded === undefined ? [NOT_LOADED] : loadedRows(loaded)),
  ];
}

/** What includes a load is kept beside what does not. */
export const keptAs = ({ minutes }) => (minutes === undefined ? 'start' : 'start-long');

/** At least five starts; memory at rest; with `minutes` memory under load for so long. */
export async function run({ rounds, minutes, progress }) {
  return await withPostgres(async ({ url, version }) => {
    // It makes the keys and the connections, and keeps their tokens fresh while the one that is measured answers.
    const other = await startBroker({ env: { DATABASE_URL: url } });
    try {
      const env = {
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        DATABASE_URL: url,
        KEYS_FILE: join(other.dataDir, 'keys.json'),
        SPOOL_DIR: join(other.dataDir, 'spool-measured'),
        OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
        RATE_LIMIT: 'off',
        LOG_LEVEL: 'error',
      };
      const broker = [];
      const bare = [];
      for (let start = 0; start < Math.max(rounds, FEWEST_STARTS); start++) {
        progress(`start ${start + 1}`);
        bare.push(await measureStart(BARE, env));
        broker.push(await measureStart(BROKER, env));
      }
      progress(`${RESTING} of each at rest for ${REST_MS / 1000} s`);
      const [rest, bareRest] = await measureRest([BROKER, BARE], env);
      const measured = { postgres: version, flags: FLAGS, broker, bare, rest, bareRest };
      if (minutes === undefined) {
        return measured;
      }
      const seconds = Math.round(minutes * 60);
      progress(`full load for ${seconds} s`);
      const loaded = { seconds, ...(await memoryUnderLoad(env, { authorization: `Bearer ${other.admin}` }, seconds)) };
      return { ...measured, loaded, slope: slopeOf(loaded.samples) };
    } finally {
      await other.stop();
    }
  });
}
