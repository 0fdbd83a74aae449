// A cached token: authenticated, its row of the audit log committed before it leaves, 64 connections, one process. Baseline: a bare
// Fastify route on the same Node that answers the same bytes, asks nobody who they are and records nothing. They take turns.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startBroker, untilPrinted } from '../support/broker.mjs';
import { generator, load } from '../support/load.mjs';
import { median, spread } from '../support/numbers.mjs';

export const title = 'a cached token, authenticated and durably audited';

const CONNECTIONS = 64;
const SECONDS = 3;
/** Until the code of a request is compiled; on a slow machine four seconds were not enough. */
const WARM_UP_SECONDS = 8;
const PATH = '/providers/klavi/token?connection=demo';
const BARE = fileURLToPath(new URL('../support/bare-route.mjs', import.meta.url));

/** The bare route in a process of its own, with what the broker answered. */
async function startBare(body) {
  const child = spawn(process.execPath, [BARE], {
    env: { ...process.env, BODY: body },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const text = await untilPrinted(child, '\n');
  return { url: text.trim(), stop: () => child.kill() };
}

/** One round: the rate, the tail and the processor time of an answer. */
async function measure(url, headers, cpuSeconds) {
  const before = await cpuSeconds?.();
  const result = await load({ url, paths: [PATH], headers, connections: CONNECTIONS, seconds: SECONDS });
  const after = await cpuSeconds?.();
  return { ...result, cpuMicros: after === undefined ? undefined : ((after - before) / result.total) * 1e6 };
}

const pick = (runs, name) => runs.map((one) => one[name]);

/** The rows of the table, from what `run` resolved with. */
export function rowsOf({ broker, bare }) {
  const ratios = broker.map(({ rate }, index) => rate / bare[index].rate);
  const tails = broker.map(({ p99 }, index) => p99 / bare[index].p99);
  const failed = broker.reduce((sum, one) => sum + one.failed, 0);
  const cpu = pick(broker, 'cpuMicros').filter((micros) => micros !== undefined);
  const row = (what, unit, name, more) => ({
    what,
    unit,
    value: median(pick(broker, name)),
    spread: spread(pick(broker, name)),
    baseline: { what: 'bare route', value: median(pick(bare, name)) },
    ...more,
  });
  return [
    row('token read, cached, audited', '/s', 'rate', {
      ratio: median(ratios),
      target: '≥ 0.70 of the bare route',
      met: median(ratios) >= 0.7 && failed === 0,
      note: `${failed} failed; ratio ${spread(ratios)
        .map((ratio) => ratio.toFixed(2))
        .join(' … ')}`,
    }),
    row('the same, p99', 'ms', 'p99', {
      ratio: median(tails),
      target: '≤ 2 × the bare route',
      met: median(tails) <= 2,
    }),
    ...(cpu.length === 0
      ? []
      : [
          {
            what: 'processor time of the broker for one',
            unit: 'µs',
            value: median(cpu),
            spread: spread(cpu),
            target: '< 50 µs',
            met: median(cpu) < 50,
          },
        ]),
  ];
}

/** Measures. */
export async function run({ rounds, progress }) {
  const broker = await startBroker();
  const headers = { authorization: `Bearer ${broker.admin}` };
  const answer = await fetch(`${broker.url}${PATH}`, { headers });
  const bare = await startBare(await answer.text());
  const runs = { broker: [], bare: [] };
  try {
    await load({ url: bare.url, paths: [PATH], seconds: 1 });
    await load({ url: broker.url, paths: [PATH], headers, seconds: WARM_UP_SECONDS });
    for (let round = 0; round < rounds; round += 1) {
      runs.bare.push(await measure(bare.url, headers));
      runs.broker.push(await measure(broker.url, headers, broker.cpuSeconds));
      progress(
        `round ${round + 1} of ${rounds}: ${Math.round(runs.broker.at(-1).rate)} of ${Math.round(runs.bare.at(-1).rate)} a second`,
      );
    }
  } finally {
    bare.stop();
    await broker.stop();
  }
  return { generator, connections: CONNECTIONS, seconds: SECONDS, ...runs };
}
