import { ChangeFeed } from '@app/database';
import { Scheduler } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { startBroker, type TestBroker } from '../support/broker.js';
import { makeHeld } from '../support/callers.js';
import { eventually } from '../support/eventually.js';

/** Each is asked for so often that what the broker does by itself now and then cannot stand beside every one of them. */
const TIMES = 8;

/** Everything that this process asks Postgres, through whatever pool. */
const spy = jest.spyOn(Client.prototype, 'query');

let broker: TestBroker;
/** May get tokens of klavi/mine, of everything of berbix, and of nothing else. */
let key: string;

beforeAll(async () => {
  broker = await startBroker();
  // Nothing is renewed unless somebody asks.
  await broker.app.get(Scheduler).stop();
  key = await broker.keyFor(['klavi/mine', 'berbix/*']);
  await makeHeld(broker, [
    ['klavi', 'theirs'],
    ['klavi', 'mine'],
  ]);
});

afterAll(async () => {
  spy.mockRestore();
  await broker?.stop();
});

const textOf = (query: unknown): string =>
  typeof query === 'string' ? query : String((query as { readonly text?: unknown }).text);

type Counts = ReadonlyMap<string, number>;

async function statementsOf(ask: () => Promise<{ readonly status: number }>, status: number): Promise<Counts> {
  // A replica that a busy machine kept from hearing the database reads its keys anew, whatever is asked for.
  await eventually(async () => expect(broker.app.get(ChangeFeed).isCurrent()).toBe(true));
  spy.mockClear();
  expect((await ask()).status).toBe(status);
  const counts = new Map<string, number>();
  for (const text of spy.mock.calls.map(([query]) => textOf(query))) {
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

/** What every one of these requests asks Postgres, and how often. */
async function pathOf(ask: () => Promise<{ readonly status: number }>, status = 404): Promise<Counts> {
  const samples: Counts[] = [];
  for (let sample = 0; sample < TIMES; sample += 1) {
    samples.push(await statementsOf(ask, status));
  }
  const [first = new Map<string, number>(), ...others] = samples;
  const least = [...first].map(
    ([text, count]) => [text, Math.min(count, ...others.map((other) => other.get(text) ?? 0))] as const,
  );
  return new Map(least.filter(([, count]) => count > 0));
}

const get = (name: string, by = key) => {
  const [provider, connection] = name.split('/');
  return () => broker.as(by).get(`/providers/${provider}/token?connection=${connection}`);
};

const report = (name: string) => {
  const [provider, connection] = name.split('/');
  return () => broker.as(key).post(`/providers/${provider}/token`).send({ connection, rejected_generation: 1 });
};

describe('what Postgres is asked for a connection that is forbidden', () => {
  it('should be what it is asked for one that is absent, under a rule or under none, of a provider or of none', async () => {
    const forbidden = await pathOf(get('klavi/theirs'));

    expect([...forbidden.keys()].join('\n')).toMatch(/connections/);
    expect([...forbidden.keys()].join('\n')).toMatch(/insert into audit_events/i);
    for (const absent of ['klavi/nobody', 'berbix/nobody', 'nowhere/nobody']) {
      expect([absent, await pathOf(get(absent))]).toEqual([absent, forbidden]);
    }
  });

  it('should be the same by POST, and for an administrator without rules', async () => {
    expect(await pathOf(report('klavi/theirs'))).toEqual(await pathOf(report('klavi/nobody')));
    const forbidden = await pathOf(get('klavi/theirs', broker.adminKey));
    expect(forbidden).toEqual(await pathOf(get('klavi/nobody', broker.adminKey)));
  });

  it('should not be what it is asked for one that is there and allowed, which this test would notice', async () => {
    expect(await pathOf(get('klavi/mine'), 200)).not.toEqual(await pathOf(get('klavi/theirs')));
  });
});
