import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Brokers, NO_SCHEDULER, reportRejected, until } from '../harness/brokers/index.js';
import { startWorld, type World } from '../harness/world.js';

jest.setTimeout(110_000);

const ROUNDS = 200;
const CALLERS = 100;

let world: World;

beforeAll(async () => {
  // Long times: what a busy machine does late must not be told to callers as a failure.
  world = await startWorld({ replicas: 3, timing: { leaseMs: 30_000, sendWithinMs: 15_000, patienceMs: 20_000 } });
});

afterAll(async () => {
  await world.end();
});

const held = (brokers: Brokers, name: string): Promise<{ generation: number }> => brokers.database.connection(name);

describe('three replicas on one strict connection', () => {
  it('should send one request in each of 200 rounds that all of them begin at once, and have a living grant after each', async () => {
    const account = await world.account('rounds', 'strict');
    let alive = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { generation } = await held(world, account.name);
      const [, ...answers] = await Promise.all([
        world.database.makeDueIn(generation, account.name),
        ...world.replicas.map((replica) => reportRejected(replica, account.name, account.name, generation)),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      const { requests, alive: lives, newest } = await account.record();
      expect(requests).toHaveLength(round + 1);
      expect(requests.at(-1)?.issued).toBe(newest);
      alive += lives ? 1 : 0;
    }
    expect(alive).toBe(ROUNDS);
    const { sends, reuses, requests } = await account.record();
    expect(Object.values(sends)).toEqual(Array.from({ length: ROUNDS }, () => 1));
    expect(reuses).toEqual([]);
    expect(requests.filter(({ onConnection }) => onConnection > 1)).toEqual([]);
    expect(await account.outcomes()).toEqual(Array.from({ length: ROUNDS }, () => 'ok'));
    expect((await held(world, account.name)).generation).toBe(ROUNDS + 1);
  });

  it('should send one request for their schedulers and 100 callers at once, and give every caller its token', async () => {
    const account = await world.account('crowd', 'strict', { accessTokenSeconds: 100 });
    await world.upstream.fault({ kind: 'slow', ms: 500, grantId: account.grant.grantId });
    await account.makeDue();
    const answers = await Promise.all(
      Array.from({ length: CALLERS }, (_, index) =>
        reportRejected(world.replicas[index % 3] ?? world.one, account.name, account.name, 1),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body['generation']))).toEqual(new Set([2]));
    expect(new Set(answers.map(({ body }) => body['access_token'])).size).toBe(1);
    const { requests, alive } = await account.record();
    expect(requests).toHaveLength(1);
    expect(alive).toBe(true);
    expect(await account.outcomes()).toEqual(['ok']);
  });

  it('should serve the old token to everyone who can use it, while the refresh is under way', async () => {
    const account = await world.account('served', 'strict');
    await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
    await account.makeDue();
    await account.untilHeld();
    const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
    expect(answers.map(({ body }) => body['access_token'])).toEqual(answers.map(() => account.grant.accessToken));
    await account.release();
    await world.database.untilGeneration(account.name, 2);
    await until('every replica gives the new token', async () => {
      const later = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
      return later.every(({ body }) => body['generation'] === 2);
    });
    expect((await account.record()).requests).toHaveLength(1);
  });
});

describe('replicas whose clocks disagree by ten minutes', () => {
  it.each([600_000, -600_000])('should still send one request, with one clock off by %d ms', async (clockMs) => {
    const late = await world.add({ clockMs, timing: NO_SCHEDULER });
    const account = await world.account(`clock${clockMs}`, 'strict');
    for (const generation of [1, 2, 3]) {
      const answers = await Promise.all(
        world.replicas
          .filter(({ isRunning }) => isRunning)
          .map((replica) => reportRejected(replica, account.name, account.name, generation)),
      );
      expect(new Set(answers.map(({ status, body }) => [status, body['generation']].join()))).toEqual(
        new Set([`200,${generation + 1}`]),
      );
    }
    const { requests, alive } = await account.record();
    expect(requests).toHaveLength(3);
    expect(alive).toBe(true);
    await late.kill();
  });
});
