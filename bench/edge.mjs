// What hostile senders cost the others: latency of cached tokens while nothing else happens, and while sockets idle, headers and bodies
// drip, keys are guessed and one caller floods; as ratios to the quiet baseline of the same run. On an embedded Postgres and the sandbox.
// Usage: npm run build && node bench/edge.mjs   (about 60 s). A busy machine shifts single ratios: look at several runs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { Agent, request } from 'undici';
import { line, quantile } from './keep-result.mjs';
import { startBroker, untilPrinted } from './support/broker.mjs';

const ROUNDS = 3;
const ROUND_MS = 2000;
const WARM_UP_MS = 2000;
const CALLERS = 8;
const { soft } = process.report.getReport().userLimits.open_files;
const SOCKETS = Math.min(10_000, soft === 'unlimited' ? 10_000 : soft - 1000);
const LIMIT = 1000;

const broker = await startBroker({ env: { LOG_LEVEL: 'info', RATE_LIMIT: String(LIMIT) } });

/** Well-behaved callers, each a tenth of its limit, so that none is refused. */
async function measure(url, keys, ms) {
  const agent = new Agent({ connections: CALLERS });
  const latencies = [];
  let failed = 0;
  const end = performance.now() + ms;
  const call = async (key) => {
    while (performance.now() < end) {
      const sent = performance.now();
      const { statusCode, body } = await request(`${url}/providers/klavi/token?connection=demo`, {
        dispatcher: agent,
        headers: { authorization: `Bearer ${key}` },
      });
      await body.dump();
      latencies.push(performance.now() - sent);
      failed += statusCode === 200 ? 0 : 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await Promise.all(keys.map(call));
  await agent.close();
  return { latencies, failed };
}

/** Starts another program that disturbs; returns what ends it. */
async function disturb(program, parts, ready) {
  const child = spawn(process.execPath, [program, ...parts], { stdio: ['pipe', 'pipe', 'inherit'] });
  await untilPrinted(child, ready);
  return async () => {
    child.stdin.end();
    await once(child, 'exit');
  };
}

const memoryOf = async (url) => {
  const { body } = await request(`${url.origin}/metrics`);
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(await body.text())[1]) / 1e6;
};

async function newKey(url, admin, name) {
  const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
  const path = `${url.origin}/admin/callers/${name}`;
  await fetch(path, { method: 'PUT', headers, body: '{"rules":["*/*"]}' });
  return (await (await fetch(`${path}/keys`, { method: 'POST', headers, body: '{}' })).json()).key;
}

try {
  const url = new URL(broker.url);
  const { admin } = broker;
  const keys = await Promise.all(Array.from({ length: CALLERS }, (_, index) => newKey(url, admin, `quiet-${index}`)));
  const noisy = await newKey(url, admin, 'noisy');
  const send = (way) => () => disturb('bench/edge-senders.mjs', [way, url.origin, noisy], 'sends');
  const ways = new Map([
    ['nothing else', () => () => {}],
    [`${SOCKETS} silent sockets`, () => disturb('test/support/hold-sockets.js', [url.port, String(SOCKETS)], 'opened')],
    ['500 dripping headers', send('headers')],
    ['500 dripping bodies', send('bodies')],
    ['3000 guessed keys a second', send('guesses')],
    ['3000 requests a second of a caller', send('flood')],
  ]);
  await measure(url.origin, keys, WARM_UP_MS);
  const runs = new Map([...ways.keys()].map((way) => [way, { latencies: [], failed: 0, memory: 0 }]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [way, begin] of ways) {
      const end = await begin();
      const { latencies, failed } = await measure(url.origin, keys, ROUND_MS);
      const run = runs.get(way);
      run.latencies.push(...latencies);
      run.failed += failed;
      run.memory = Math.max(run.memory, await memoryOf(url));
      await end();
    }
  }
  process.stdout.write(
    `Node ${process.version}, ${cpus().length} processors, Postgres, sandbox and senders beside it\n\n`,
  );
  line(['meanwhile', 'tokens', 'refused', 'p50 ms', 'p99 ms', 'p50 ÷ quiet', 'p99 ÷ quiet', 'memory MB']);
  line(['---', '--:', '--:', '--:', '--:', '--:', '--:', '--:']);
  const quiet = runs.get('nothing else').latencies.toSorted((a, b) => a - b);
  for (const [way, { latencies, failed, memory }] of runs) {
    const sorted = latencies.toSorted((a, b) => a - b);
    const [p50, p99] = [0.5, 0.99].map((part) => quantile(sorted, part));
    const ratios = [p50 / quantile(quiet, 0.5), p99 / quantile(quiet, 0.99)];
    line([way, sorted.length, failed, ...[p50, p99, ...ratios].map((number) => number.toFixed(2)), Math.round(memory)]);
  }
} finally {
  await broker.stop();
}
