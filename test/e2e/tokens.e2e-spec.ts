import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { startTestSandbox } from '../support/sandbox.js';

let sandbox: Sandbox;
let broker: TestBroker;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

describe('a token of each provider', () => {
  it.each(['onmeta', 'monetate', 'klearstack', 'klavi', 'berbix'])('should be handed out for %s', async (provider) => {
    const { settings, secrets, credential } = await sandbox.issue(provider);
    const put = await broker
      .as()
      .put(`/admin/providers/${provider}/connections/acme`)
      .send({ settings, credential: { ...secrets, ...credential } });
    expect(put.body).toMatchObject({ state: 'active' });
    expect(put.status).toBe(201);
    const key = await broker.keyFor([`${provider}/*`]);
    const answer = await broker.as(key).get(`/providers/${provider}/token?connection=acme`);
    expect(answer.body).toMatchObject({ provider, connection: 'acme', generation: 2, warnings: [] });
  });
});
