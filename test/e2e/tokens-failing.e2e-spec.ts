import { Scheduler } from '@app/tokens';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault, IssueOptions, Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, connect, forgetHeld, pathOf } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';
import { type Asked, TokenClient } from '../support/token-client.js';

let sandbox: Sandbox;
let broker: TestBroker;
let service: TokenClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  // Nothing is renewed unless somebody asks.
  await broker.app.get(Scheduler).stop();
  service = new TokenClient(broker, await broker.keyFor(['*/*']));
});

afterEach(() => sandbox.clearFaults());

afterAll(async () => {
  await service?.close();
  await broker?.stop();
  await sandbox?.close();
});

let made = 0;

/** A connection of its own and what is done with it. */
const newConnection = async (provider: string, options: IssueOptions & { readonly token?: object } = {}) => {
  made += 1;
  const connection = `c-${made}`;
  const { id } = await connect({ broker, sandbox }, provider, connection, options);
  const path = pathOf(provider, connection);
  return {
    get: (asked: Asked = {}) => service.get(provider, { connection, ...asked }),
    report: (rejected_generation: number) => service.post(provider, { connection, rejected_generation }),
    refreshNow: () => broker.as().post(`${path}/refresh`),
    view: async () => (await broker.as().get(path)).body as Record<string, unknown>,
    fault: (fault: Fault) => sandbox.fault(provider, { ...fault, credential: id }),
    answers: () => sandbox.requests({ credential: id }).map(({ status, answer }) => answer ?? status),
    backOffEnds: () =>
      sql(`update connections set retry_at = clock_timestamp() - interval '1 minute' where name = $1`, [connection]),
    /** A first back-off is a second, which a slow machine may need between two lines of a test. */
    backOffLasts: () =>
      sql(`update connections set retry_at = retry_at + interval '1 minute' where name = $1`, [connection]),
    tokenExpires: () =>
      sql(
        `update connections set token_expires_at = clock_timestamp(), updated_at = clock_timestamp() where name = $1`,
        [connection],
      ),
  };
};

describe('429 with Retry-After', () => {
  it('should be respected: 503 that says when, and no request before', async () => {
    const sut = await newConnection('klavi');
    sut.fault({ kind: 'rate_limited', retry_after: 7 });
    const upstream = { status: 429, reason: 'rate_limited' };
    const busy = { status: 503, body: { code: 'provider_unavailable', provider: 'klavi', upstream } };
    const first = await sut.get();
    expect(first).toMatchObject({ ...busy, headers: { 'retry-after': '7' }, body: { ...busy.body, retry_after: 7 } });
    for (const second of await Promise.all([sut.get(), sut.get({ min_ttl: 0 }), sut.report(1)])) {
      expect(second).toMatchObject(busy);
      expect(second.body.retry_after).toBeGreaterThan(0);
      expect(second.body.retry_after).toBeLessThanOrEqual(7);
      expect(second.headers['retry-after']).toBe(String(second.body.retry_after));
    }
    expect(sut.answers()).toEqual(['rate_limited']);
    const refresh = { last_outcome: 'not_sent', consecutive_failures: 1, last_error: { upstream_status: 429 } };
    expect(await sut.view()).toMatchObject({ state: 'active', refresh });
    await sut.backOffEnds();
    expect(await sut.get()).toMatchObject({ status: 200, body: { warnings: [] } });
    expect(sut.answers()).toEqual(['rate_limited', 'success']);
  });

  it('should not hold an operator who wants to see what happens', async () => {
    const sut = await newConnection('klavi');
    sut.fault({ kind: 'rate_limited', retry_after: 3600 });
    await sut.get();
    const { body } = await sut.refreshNow();
    expect(body).toMatchObject({ outcome: 'ok', reason: null, upstream_status: 200, connection: { state: 'active' } });
    const answer = await sut.get();
    expect(answer).toMatchObject({ status: 200, body: { source: 'cache', warnings: [] } });
    expect(JSON.stringify(body)).not.toContain(answer.body.access_token);
    expect(sut.answers()).toEqual(['rate_limited', 'success']);
  });

  it('should be told to an operator as one attempt each', async () => {
    const sut = await newConnection('klavi');
    for (const retry_after of [1, 3600]) {
      sut.fault({ kind: 'rate_limited', retry_after });
      const report = { outcome: 'not_sent', reason: 'rate_limited', upstream_status: 429 };
      expect((await sut.refreshNow()).body).toMatchObject(report);
    }
    expect(sut.answers()).toEqual(['rate_limited', 'rate_limited']);
  });
});

describe('a provider that fails', () => {
  const html = { 'content-type': 'text/html' };

  it.each<readonly [string, Fault, number | null, string]>([
    ['HTML', { kind: 'respond', status: 200, body: '<html></html>', headers: html }, 200, 'unreadable_answer'],
    ['no body', { kind: 'respond', status: 200 }, 200, 'unreadable_answer'],
    ['no token', { kind: 'modify', delete: ['accessToken'] }, 200, 'no_token'],
    ['10 MB', { kind: 'flood', bytes: 10_000_000 }, 200, 'answer_too_large'],
    ['a redirect', { kind: 'redirect' }, 302, 'redirected'],
    ['a strange status', { kind: 'respond', status: 418 }, 418, 'unexpected_status'],
  ])('should be 502 provider_error where it answers %s', async (_what, fault, status, reason) => {
    const sut = await newConnection('klavi');
    sut.fault(fault);
    const expected = { status: 502, body: { code: 'provider_error', upstream: { status, reason } } };
    const first = await sut.get();
    expect(first).toMatchObject(expected);
    expect(first.headers['retry-after']).toBe(String(first.body.retry_after));
    await sut.backOffLasts();
    expect(await sut.get()).toMatchObject(expected);
    expect(sut.answers()).toHaveLength(1);
    await sut.backOffEnds();
    expect(await sut.get()).toMatchObject({ status: 200 });
  });

  it.each<readonly [string, Fault, number | null, string]>([
    ['answers 500', { kind: 'answer', id: 'server_error' }, 500, 'server_error'],
    ['answers 502', { kind: 'respond', status: 502, body: '<html></html>', headers: html }, 502, 'server_error'],
    ['ends the connection', { kind: 'close_before' }, null, 'connection_reset'],
    ['resets the connection', { kind: 'close_before', reset: true }, null, 'connection_reset'],
    ['ends in the middle', { kind: 'truncate' }, 200, 'connection_reset'],
  ])('should be 503 provider_unavailable where it %s', async (_what, fault, status, reason) => {
    const sut = await newConnection('klavi');
    sut.fault(fault);
    const expected = { status: 503, body: { code: 'provider_unavailable', upstream: { status, reason } } };
    const first = await sut.get();
    expect(first).toMatchObject(expected);
    expect(first.headers['retry-after']).toBe(String(first.body.retry_after));
    await sut.backOffLasts();
    expect(await sut.get()).toMatchObject(expected);
    expect(sut.answers()).toHaveLength(1);
  });

  it('should be 503 where nobody listens, and be asked again once somebody does', async () => {
    const sut = await newConnection('berbix');
    const { settings } = await sut.view();
    const path = pathOf('berbix', `c-${made}`);
    const move = async (to: unknown) => {
      await broker.as().patch(path).send({ settings: to }).expect(200);
      await broker.as().post(`${path}/confirm-hosts`).expect(200);
    };
    await move({ base_url: 'http://127.0.0.1:9' });
    const upstream = { status: null, reason: 'connect_failed' };
    expect(await sut.get()).toMatchObject({ status: 503, body: { code: 'provider_unavailable', upstream } });
    await move(settings);
    expect(await sut.get()).toMatchObject({ status: 200 });
    expect(sut.answers()).toEqual(['success']);
  });

  it('should show nothing of what it said', async () => {
    const sut = await newConnection('klavi');
    const body = JSON.stringify({ statusCode: 500, message: 'canary of the provider', accessToken: 'canary' });
    sut.fault({ kind: 'respond', status: 500, body });
    expect(JSON.stringify([await sut.get(), await sut.view(), broker.lines])).not.toContain('canary');
  });
});

describe('the old token', () => {
  const failing = { code: 'refresh_failing', detail: expect.stringContaining('server_error') };
  const short = { code: 'min_ttl_unsatisfied' };

  it('should be handed out with `refresh_failing` while it lives, and not a moment longer', async () => {
    const sut = await newConnection('onmeta', { token: broughtToken('still-good', 300) });
    sut.fault({ kind: 'answer', id: 'server_error' });
    const renewing = await sut.get({ min_ttl: 600 });
    await sut.backOffLasts();
    const old = { access_token: 'still-good', generation: 1, source: 'cache' };
    expect(renewing).toMatchObject({ status: 200, body: { ...old, warnings: [short, failing] } });
    expect((await sut.get()).body).toMatchObject({ ...old, warnings: [failing] });
    expect((await sut.get({ min_ttl: 600 })).body).toMatchObject({ ...old, warnings: [short, failing] });
    expect(sut.answers()).toEqual(['server_error']);
    await sut.tokenExpires();
    await forgetHeld(broker, 'onmeta');
    expect(await sut.get()).toMatchObject({ status: 503, body: { code: 'provider_unavailable' } });
    expect(sut.answers()).toEqual(['server_error']);
  });

  it('should be handed out although the credential was refused, but not to who reports it', async () => {
    const token = broughtToken('still-good', 300);
    const sut = await newConnection('berbix', { token });
    sut.fault({ kind: 'answer', id: 'bad_refresh_token' });
    const refused = { code: 'refresh_failing', detail: expect.stringContaining('unauthorized') };
    expect((await sut.get({ min_ttl: 600 })).body).toMatchObject({
      access_token: 'still-good',
      warnings: [short, refused],
    });
    expect((await sut.get()).body).toMatchObject({ access_token: 'still-good', warnings: [refused] });
    expect(await sut.report(1)).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
    expect(await sut.view()).toMatchObject({ state: 'reauthorization_required' });
    expect(sut.answers()).toEqual(['bad_refresh_token']);
  });
});
