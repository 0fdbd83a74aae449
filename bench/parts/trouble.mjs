// The tail under trouble: cached tokens of provider `a` are asked of two replicas in an open loop, and meanwhile, in turn with quiet,
// days of the audit log are verified and dropped, provider `b` takes requests and never answers, the encryption key is rotated, one
// replica is killed, and it is started again. Retention runs once an hour and after a start, so its trouble is one run cut into windows.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { addKey } from '../../dist/libs/crypto/src/index.js';
import { call, until } from '../support/api.mjs';
import { median, spread } from '../support/numbers.mjs';
import { dayOf } from '../support/old-days.mjs';
import { query, withPostgres } from '../support/postgres.mjs';
import { OLD, REPLICAS, RETENTION_DAYS, UNLUCKY, World } from '../support/trouble-world.mjs';

export const title = 'the tail of cached tokens under trouble';

/** Of what both can answer: one alone must carry it all, beside Postgres, the load and a replica that starts. */
const SHARE = 1 / 3;
const TROUBLE_MS = 2000;
/** Of a replica that is ready again. */
const AFTER_START_MS = 1000;
const SETTLED_MS = 1500;
const WINDOW_MS = 1000;
const MOST_RATIO = 2;

/** Days of the log go: the signer's keeper looks ten seconds after its start. Every second of it is a window. */
async function retention(world) {
  const look = async () => {
    const [row] = await query(
      world.database,
      `select (select count(*)::int from pg_inherits where inhparent = 'audit_events'::regclass and right(inhrelid::regclass::text, 8) < $1) as days,
        exists (select from pg_stat_activity where application_name = 'claviger-requests' and query like '%audit_events%') as begun`,
      [dayOf(RETENTION_DAYS).replaceAll('-', '')],
    );
    return row;
  };
  let quiets = 0;
  while (!(await look()).begun) {
    await world.phase('quiet before dropping', (quiets += 1), () => pause(WINDOW_MS), 0);
    if (quiets > 20) {
      throw new Error('The keeper did not begin.');
    }
  }
  const began = performance.now();
  let windows = 0;
  const dropped = until('old days are dropped', async () => (await look()).days === 0).then(() => performance.now());
  while ((await look()).days > 0) {
    await world.phase('dropping', (windows += 1), () => pause(WINDOW_MS), 0);
  }
  world.retentionMs = Math.round((await dropped) - began);
  const rows = OLD.rowsPerDay * (OLD.first - OLD.last + 1);
  world.context.progress(`${rows} rows of old days verified and dropped in ${world.retentionMs} ms`);
  while (quiets < world.context.rounds) {
    await world.phase('quiet before dropping', (quiets += 1), () => pause(WINDOW_MS), 0);
  }
}

/** Callers who ask for expired tokens of the provider that never answers, over and over, until the phase is over. */
async function blackHole(world, round) {
  world.silent.silent = true;
  const ending = new AbortController();
  const first = round * REPLICAS * UNLUCKY;
  const ask = async ({ url }, index) => {
    // They come one by one: that all begin at once would be another trouble.
    await pause((index * TROUBLE_MS) / 2 / UNLUCKY);
    const headers = { authorization: `Bearer ${world.admin}` };
    while (!ending.signal.aborted) {
      const path = `${url}/providers/b/token?connection=c-${first + index}`;
      await fetch(path, { headers, signal: ending.signal }).then(
        (response) => response.arrayBuffer(),
        () => undefined,
      );
    }
  };
  const asking = world.replicas.flatMap((replica) =>
    Array.from({ length: UNLUCKY }, (_, index) => ask(replica, index)),
  );
  await world.phase('black hole', round, () => pause(TROUBLE_MS));
  ending.abort();
  await Promise.all(asking);
}

/** As docs/operations.md says: a key is added to the file, every replica finds it, it is promoted, everything is re-wrapped. */
async function rotation(world, round) {
  const [replica] = world.replicas;
  await world.phase('key rotation', round, async () => {
    const began = performance.now();
    const since = () => Math.round(performance.now() - began);
    const steps = {};
    const id = addKey(world.keysFile);
    const keys = () => call(replica, 'GET', '/admin/keys');
    const find = ({ items }) => items.find((key) => key.id === id);
    await until('the key is known', async () => find(await keys())?.acknowledged_by === REPLICAS, 20_000, 250);
    steps.known = since();
    await call(replica, 'POST', '/admin/keys/rotate', { key: id });
    steps.asked = since();
    const done = ({ items, rotation: left }) =>
      left === null && items.every((key) => key.id === id || key.state === 'retired');
    await until('the old key is retired', async () => done(await keys()), 60_000, 250);
    steps.retired = since();
    world.rotations.push(steps);
    world.context.progress(`key rotated: ${JSON.stringify(steps)} ms`);
  });
}

/** A replica dies at once; the other one carries everything. */
async function kill(world, round) {
  const { child } = world.replicas[round % REPLICAS];
  await world.phase('a replica killed', round, async () => {
    const dead = once(child, 'exit');
    child.kill('SIGKILL');
    await dead;
    await pause(TROUBLE_MS);
  });
  await startAgain(world, round);
}

/** It is started again, on the machine that carries the load, and gets its whole share as soon as it is ready. */
async function startAgain(world, round) {
  await world.phase('and started again', round, async () => {
    const began = performance.now();
    await world.startReplica(round % REPLICAS);
    world.context.progress(`ready again after ${Math.round(performance.now() - began)} ms`);
    await pause(AFTER_START_MS);
  });
  await pause(SETTLED_MS);
}

const TROUBLES = { 'black hole': blackHole, 'key rotation': rotation, 'a replica killed': kill };
/** The rows of the table, and whose quiet each of them is held against. */
const ROWS = {
  dropping: 'dropping',
  'black hole': 'black hole',
  'key rotation': 'key rotation',
  'a replica killed': 'a replica killed',
  'and started again': 'a replica killed',
};

async function measure(context, { url }) {
  const folder = await mkdtemp(join(tmpdir(), 'claviger-bench-'));
  const world = new World(context, url, folder);
  try {
    await world.start();
    const capacity = await world.capacity();
    const rate = Math.round(SHARE * capacity);
    context.progress(`${Math.round(capacity)} requests a second at most, ${rate} from now on`);
    await world.beginLoad(rate);
    await retention(world);
    for (const [kind, cause] of Object.entries(TROUBLES)) {
      for (let round = 0; round < context.rounds; round += 1) {
        await world.quiet(kind, round);
        await cause(world, round);
      }
    }
    const phases = await world.paced.tell('end');
    return { capacity, rate, rotations: world.rotations, retentionMs: world.retentionMs, phases };
  } finally {
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);

function rowOf(kind, quietBefore, phases) {
  const of = (name) => phases.filter((phase) => phase.name.startsWith(`${name} `) && phase.requests > 0);
  const [troubled, quiet] = [of(kind), of(`quiet before ${quietBefore}`)];
  const base = median(quiet.map(({ p99 }) => p99));
  const value = median(troubled.map(({ p99 }) => p99));
  const first = troubled.reduce((total, { failedFirst }) => total + sum(failedFirst), 0);
  const failed = troubled.reduce((total, phase) => total + sum(phase.failed), 0);
  const requests = troubled.reduce((total, phase) => total + phase.requests, 0);
  return {
    what: `p99, ${kind}`,
    value,
    unit: 'ms',
    spread: spread(troubled.map(({ p99 }) => p99)),
    baseline: { what: 'quiet', value: base },
    ratio: value / base,
    target: 'no failed request, ≤ 2 × quiet',
    met: failed === 0 && value <= MOST_RATIO * base,
    note: `${failed} of ${requests} failed, ${first} at the first try`,
  };
}

/** The rows of the table, from what `run` resolved with. */
export const rowsOf = ({ phases }) =>
  Object.entries(ROWS).map(([kind, quietBefore]) => rowOf(kind, quietBefore, phases));

/** Measures. */
export const run = (context) => withPostgres((database) => measure(context, database));
