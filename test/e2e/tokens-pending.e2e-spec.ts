import { Scheduler } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IssueOptions, Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, connect } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';
import { type Asked, TokenClient } from '../support/token-client.js';

/** Longer than a caller's patience and than a lease without heartbeats (10 s each), shorter than the sender's 30 s. */
const SLOW_MS = 13_000;

let sandbox: Sandbox;
let one: TestBroker;
let two: TestBroker;
let service: TokenClient;
let neighbour: TokenClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  one = await startBroker();
  two = await startBroker({ replicaOf: one });
  // The second replica looks for due connections all the time.
  await one.app.get(Scheduler).stop();
  const key = await one.keyFor(['*/*']);
  service = new TokenClient(one, key);
  neighbour = new TokenClient(two, key);
});

afterAll(async () => {
  await service?.close();
  await neighbour?.close();
  await two?.stop();
  await one?.stop();
  await sandbox?.close();
});

/** A connection whose provider takes its time. */
const newSlow = async (connection: string, options: IssueOptions & { readonly token?: object } = {}) => {
  sandbox.fault('klavi', { kind: 'delay_answer', ms: SLOW_MS });
  const { id } = await connect({ broker: one, sandbox }, 'klavi', connection, options);
  return {
    id,
    onOne: (asked: Asked = {}) => service.post('klavi', { connection, ...asked }),
    onTwo: (asked: Asked = {}) => neighbour.post('klavi', { connection, ...asked }),
    requests: () => sandbox.requests({ credential: id }),
  };
};

describe('a provider that is slower than its callers are patient', () => {
  it('should be 504 refresh_pending, or the old token while it lives; the one request goes on', async () => {
    const fresh = await newSlow('fresh');
    const held = await newSlow('held', { token: broughtToken('still-good', 300) });
    const answers = await Promise.all([
      fresh.onOne(),
      fresh.onTwo(),
      held.onOne({ rejected_generation: 1 }),
      held.onOne({ min_ttl: 600 }),
      held.onTwo({ min_ttl: 600 }),
    ]);
    for (const pending of answers.slice(0, 3)) {
      expect(pending).toMatchObject({ status: 504, headers: { 'retry-after': '1' } });
      expect(pending.body).toMatchObject({ code: 'refresh_pending', provider: 'klavi', retry_after: 1 });
    }
    const old = { access_token: 'still-good', source: 'cache', warnings: [{ code: 'min_ttl_unsatisfied' }] };
    for (const served of answers.slice(3)) {
      expect(served).toMatchObject({ status: 200, body: old });
    }
    for (const sut of [fresh, held]) {
      await eventually(async () => {
        for (const answer of [await sut.onOne({ min_ttl: 600 }), await sut.onTwo({ min_ttl: 600 })]) {
          expect(answer).toMatchObject({ status: 200, body: { generation: 2, warnings: [] } });
          expect(sandbox.lookup(answer.body.access_token)).toMatchObject({ live: true, credential: sut.id });
        }
      }, 15_000);
      expect(sut.requests()).toEqual([expect.objectContaining({ processed: true, answer: 'success' })]);
    }
  }, 60_000);
});
