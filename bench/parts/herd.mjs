// A herd: 10 000 requests at once, each over its own socket and sent before the provider answers, for one expired token whose provider
// takes 200 ms. Beside it in each round the same herd for a live token of the same broker, and for a bare route of Fastify: what
// 10 000 answers at once cost anyway. Times are those of the machine's one clock, so that they compare between processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { call } from '../support/api.mjs';
import { startBroker, untilPrinted } from '../support/broker.mjs';
import { startProgram } from '../support/command.mjs';
import { startKlavi } from '../support/klavi.mjs';
import { median, spread } from '../support/numbers.mjs';
import { query, withPostgres } from '../support/postgres.mjs';

export const title = 'a herd for one expired token';

const WANTED = 10_000;
const { soft } = process.report.getReport().userLimits.open_files;
const SOCKETS = Math.min(WANTED, soft === 'unlimited' ? WANTED : soft - 1000);
const PROVIDER_MS = 200;
const TARGET_MS = 300;
const LIFETIME_S = 1800;
/** A token of so many seconds is handed out for one: five are taken off every lifetime. */
const SHORT_S = 6;
const NAME = '/providers/herd/connections/one';
const PATH = '/providers/herd/token?connection=one';

/** A token that is cached and over its time, and that no scheduler renews before the herd asks for it. */
async function expire(broker, provider, database) {
  Object.assign(provider, { delayMs: 0, expiresIn: SHORT_S });
  const { generation } = await call(broker, 'GET', PATH);
  const report = { connection: 'one', min_ttl: 0, rejected_generation: generation };
  const { expires_in } = await call(broker, 'POST', '/providers/herd/token', report);
  await query(database, `update connections set refresh_at = now() + interval '1 hour' where provider = 'herd'`);
  await pause((expires_in + 1) * 1000 + 200);
  Object.assign(provider, { delayMs: PROVIDER_MS, expiresIn: LIFETIME_S, requests: 0, answeredAt: undefined });
}

/** Opens the sockets to an address and fires; `wait` is what the last one waited. */
async function herdAt(client, address, key) {
  const { hostname: host, port } = new URL(address);
  const { opened } = await client.tell('open', { host, port, count: SOCKETS });
  const fired = await client.tell('fire', { path: PATH, key });
  return { ...fired, opened, wait: fired.lastAt - fired.firstSentAt, failed: opened - (fired.statuses[200] ?? 0) };
}

async function startBare(answer) {
  const program = new URL('../support/bare-route.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, BODY: JSON.stringify(answer) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = (await untilPrinted(child, '\n')).trim();
  return { url, stop: () => Promise.all([once(child, 'exit'), child.kill()]) };
}

async function oneRound({ broker, provider, database, bare, clients }) {
  await expire(broker, provider, database);
  const cpu = await broker.cpuSeconds();
  const expired = await herdAt(clients.broker, broker.url, broker.admin);
  const used = (await broker.cpuSeconds()) - cpu;
  const { requests, answeredAt } = provider;
  const live = await herdAt(clients.broker, broker.url, broker.admin);
  const plain = await herdAt(clients.bare, bare.url, broker.admin);
  return {
    requests,
    afterProvider: expired.lastAt - answeredAt,
    asked: answeredAt - PROVIDER_MS - expired.firstSentAt,
    sentIn: expired.allSentAt - expired.firstSentAt,
    sentBefore: expired.allSentAt < answeredAt,
    cpu: used,
    expired,
    live,
    plain,
  };
}

async function measure(context, { url: database }) {
  const provider = await startKlavi({ expiresIn: LIFETIME_S });
  const broker = await startBroker({ env: { DATABASE_URL: database, SANDBOX: 'off' } });
  const clients = { broker: startProgram('herd-client.mjs'), bare: startProgram('herd-client.mjs') };
  let bare;
  try {
    await call(broker, 'PUT', '/admin/providers/herd', { type: 'klavi', settings: { base_url: provider.url } });
    await call(broker, 'PUT', `/admin${NAME}`, { credential: { access_token: 'first' } });
    await call(broker, 'POST', `/admin${NAME}/refresh`);
    bare = await startBare(await call(broker, 'GET', PATH));
    const rounds = [];
    // The first one warms up everything and does not count.
    for (let round = 0; round <= context.rounds; round += 1) {
      const result = await oneRound({ broker, provider, database, bare, clients });
      context.progress(
        `${result.expired.opened} sockets, ${result.requests} request(s) to the provider, last answer ${Math.round(result.afterProvider)} ms after it; ` +
          `live token ${Math.round(result.live.wait)} ms, bare route ${Math.round(result.plain.wait)} ms`,
      );
      if (round > 0) {
        rounds.push(result);
      }
    }
    return rounds;
  } finally {
    await Promise.all([clients.broker.stop(), clients.bare.stop(), bare?.stop(), broker.stop()]);
    await provider.stop();
  }
}

const row = (what, numbers, rest) => ({ what, value: median(numbers), unit: 'ms', spread: spread(numbers), ...rest });

/** The rows of the table, from what `run` resolved with. */
export function rowsOf({ rounds }) {
  const column = (pick) => rounds.map(pick);
  const requests = column((round) => round.requests);
  const after = column((round) => round.afterProvider);
  const whole = column((round) => round.expired.wait);
  const live = median(column((round) => round.live.wait));
  const bare = median(column((round) => round.plain.wait));
  const failed = rounds.reduce((sum, round) => sum + round.expired.failed, 0);
  const sent = rounds.every((round) => round.sentBefore)
    ? 'all sent before the provider answered'
    : 'NOT all sent before the provider answered';
  return [
    {
      what: `herd of ${SOCKETS}: requests to the provider`,
      value: median(requests),
      spread: spread(requests),
      target: '1',
      met: requests.every((count) => count === 1),
      note: `${failed} failed, ${sent}`,
    },
    row('herd: last answer after that of the provider', after, {
      baseline: { what: 'the whole herd for a live token', value: live },
      ratio: median(after) / live,
      target: `≤ ${TARGET_MS} ms`,
      met: median(after) <= TARGET_MS,
    }),
    row('herd: last answer after the first request', whole, {
      baseline: { what: 'the same for a live token', value: live },
      ratio: median(whole) / live,
    }),
    row(
      'herd for a live token: last answer after the first request',
      column((round) => round.live.wait),
      {
        baseline: { what: 'bare route', value: bare },
        ratio: live / bare,
      },
    ),
  ];
}

/** Measures. */
export async function run(context) {
  const rounds = await withPostgres((database) => measure(context, database));
  return { sockets: SOCKETS, rounds };
}
