// Whether a caller can tell, by the time that an answer takes, a connection that is absent from one that is forbidden. Each kind is
// asked for by turns in random order, one request at a time, on one connection to a broker on an embedded Postgres. The Mann-Whitney
// test says how likely ranks so different are where there is no difference, and how often an answer of one kind is the slower one
// (0.5: no telling); the permutation test says the same of the medians. The forbidden one stands in the table twice, as two groups: what
// that line shows is chance. One that may be read shows what a difference looks like.
// Usage: npm run build && node bench/absent-timing.mjs [requests of each kind, 4000]   (about a minute)
import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { keepResult, line, quantile } from './keep-result.mjs';
import { startBroker } from './support/broker.mjs';

const SAMPLES = Number(process.argv[2] ?? 4000);
const WARM_UP = 300;
const PERMUTATIONS = 1000;
const BASE = 'forbidden';
/** What is asked for; the first of all is what the others are compared to. */
const KINDS = {
  [BASE]: 'klavi/theirs',
  'forbidden, once more': 'klavi/theirs',
  'absent, no rule': 'klavi/nobody',
  'absent, under a rule': 'klavi/mine-too',
  'absent, no provider': 'nowhere/nobody',
  'there and allowed': 'klavi/mine',
};

const broker = await startBroker({ env: { SANDBOX: 'off' } });
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Two connections that hold a token, and a caller that may read one of them and all that are called like it. */
async function prepare(url, admin) {
  const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
  const send = async (method, path, body) =>
    (await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) })).json();
  const token = { access_token: 'held', expires_at: new Date(Date.now() + 86_400_000).toISOString() };
  const settings = { base_url: 'http://127.0.0.1:1' };
  for (const name of ['theirs', 'mine']) {
    const body = { settings, credential: { access_token: 'x' }, token };
    await send('PUT', `/admin/providers/klavi/connections/${name}`, body);
  }
  await send('PUT', '/admin/callers/curious', { rules: ['klavi/mine*'] });
  return (await send('POST', '/admin/callers/curious/keys', {})).key;
}

/** Microseconds until the answer is there. */
function ask(url, key, name) {
  const [provider, connection] = name.split('/');
  const path = `${url}/providers/${provider}/token?connection=${connection}`;
  const began = process.hrtime.bigint();
  return new Promise((resolve, reject) => {
    const sent = request(path, { agent, headers: { authorization: `Bearer ${key}` } }, (answer) => {
      answer.resume().once('end', () => resolve(Number(process.hrtime.bigint() - began) / 1000));
    });
    sent.once('error', reject).end();
  });
}

function shuffled(list) {
  const result = [...list];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}

async function sample(url, key, count) {
  const times = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, []]));
  for (let round = 0; round < count; round += 1) {
    for (const [kind, name] of shuffled(Object.entries(KINDS))) {
      times[kind].push(await ask(url, key, name));
    }
  }
  return times;
}

/** Of the normal distribution, by Abramowitz and Stegun 7.1.26: good to seven digits. */
function twoSided(z) {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return polynomial * Math.exp(-x * x);
}

/** How often one of `b` is slower than one of `a`, and how likely that is by chance (normal approximation, ties halved). */
function mannWhitney(a, b) {
  const all = [...a.map((time) => [time, 0]), ...b.map((time) => [time, 1])].toSorted(([x], [y]) => x - y);
  let ranks = 0;
  let ties = 0;
  for (let first = 0; first < all.length;) {
    let next = first;
    while (next < all.length && all[next][0] === all[first][0]) {
      next += 1;
    }
    const rank = (first + next + 1) / 2;
    ranks += rank * all.slice(first, next).filter(([, group]) => group === 1).length;
    ties += (next - first) ** 3 - (next - first);
    first = next;
  }
  const total = all.length;
  const u = ranks - (b.length * (b.length + 1)) / 2;
  const pairs = a.length * b.length;
  const deviation = Math.sqrt((pairs / 12) * (total + 1 - ties / (total * (total - 1))));
  return { slower: u / pairs, p: twoSided((u - pairs / 2) / deviation) };
}

const medianOf = (times) =>
  quantile(
    times.toSorted((x, y) => x - y),
    0.5,
  );

/** How likely medians so far apart are where it is chance which time belongs to which kind. */
function permutation(a, b) {
  const seen = Math.abs(medianOf(a) - medianOf(b));
  const all = [...a, ...b];
  let asFar = 0;
  for (let round = 0; round < PERMUTATIONS; round += 1) {
    const mixed = shuffled(all);
    asFar += Math.abs(medianOf(mixed.slice(0, a.length)) - medianOf(mixed.slice(a.length))) >= seen ? 1 : 0;
  }
  return (asFar + 1) / (PERMUTATIONS + 1);
}

try {
  const { url, admin } = broker;
  const key = await prepare(url, admin);
  await sample(url, key, WARM_UP);
  const times = await sample(url, key, SAMPLES);
  const base = times[BASE];
  process.stdout.write(`Node ${process.version}, ${cpus().length} processors, ${SAMPLES} requests of each kind\n\n`);
  line(['asked for', 'p50 µs', 'p90 µs', 'slower than forbidden', 'Mann-Whitney p', 'permutation p (medians)']);
  line(['---', '--:', '--:', '--:', '--:', '--:']);
  const results = Object.entries(times).map(([kind, measured]) => {
    const sorted = measured.toSorted((x, y) => x - y);
    const { slower, p } = mannWhitney(base, measured);
    return {
      kind,
      p50: quantile(sorted, 0.5),
      p90: quantile(sorted, 0.9),
      slower,
      p,
      pMedians: permutation(base, measured),
    };
  });
  for (const { kind, p50, p90, slower, p, pMedians } of results) {
    const tests = kind === BASE ? ['', '', ''] : [slower.toFixed(3), p.toFixed(4), pMedians.toFixed(4)];
    line([kind, Math.round(p50), Math.round(p90), ...tests]);
  }
  await keepResult('absent-timing', { samples: SAMPLES, results });
} finally {
  agent.destroy();
  await broker.stop();
}
