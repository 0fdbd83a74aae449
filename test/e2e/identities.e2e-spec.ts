import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IssuerKey, newIssuerKey } from '../../libs/callers/src/identity/testing/token-issuer.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { callerPath, callerWith, makeHeld, putCaller } from '../support/callers.js';
import { eventually } from '../support/eventually.js';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const CERTIFICATE = 'x-forwarded-client-cert';
const path = join(tmpdir(), `claviger-identities-${process.pid}.json`);

let issuer: Server;
let key: IssuerKey;
/** Believes what this machine says about clients. */
let broker: TestBroker;
/** Believes proxies that are elsewhere. */
let replica: TestBroker;

beforeAll(async () => {
  key = await newIssuerKey('RS256', 'one');
  issuer = createServer((_request, response) => response.end(JSON.stringify({ keys: [key.jwk] }))).listen(
    0,
    '127.0.0.1',
  );
  await once(issuer, 'listening');
  const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/openid/v1/jwks`;
  const trusted = { name: 'cluster', issuer: ISSUER, audience: 'claviger', algorithms: ['RS256'], jwks_url: url };
  const down = { ...trusted, name: 'down', issuer: 'https://down.example', jwks_url: 'http://127.0.0.1:1/' };
  await writeFile(path, JSON.stringify({ issuers: [trusted, down] }));
  const environment = { IDENTITIES_FILE: path, IDENTITY_HEADER: CERTIFICATE, TRUSTED_PROXIES: '127.0.0.1/32' };
  broker = await startBroker({ environment });
  const elsewhere = { ...environment, TRUSTED_PROXIES: '192.0.2.0/24' };
  replica = await startBroker({ environment: elsewhere, replicaOf: broker });
  await makeHeld(broker, [['onmeta', 'acme']]);
});

afterAll(async () => {
  await replica?.stop();
  await broker?.stop();
  issuer?.close();
  await rm(path, { force: true });
});

/** A token of the cluster for a service account. */
const tokenOf = (account: string, claims: object = {}): Promise<string> => {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: ISSUER, aud: 'claviger', sub: `system:serviceaccount:${account}`, iat: now, exp: now + 600 };
  return key.sign({ ...all, ...claims });
};

/** Asks for the token of onmeta/acme with these headers alone. */
async function ask(headers: Readonly<Record<string, string>>, of = broker) {
  const answer = await fetch(`${of.url}/providers/onmeta/token?connection=acme`, { headers });
  const text = await answer.text();
  return { status: answer.status, text, body: JSON.parse(text) as Readonly<Record<string, unknown>> };
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The newest event of this request. */
async function eventOf(requestId: string) {
  const { body } = await broker.as().get(`/audit/events?request_id=${requestId}`);
  return body.items[0];
}

/** An address for each, so that every refusal is recorded by itself. */
const sourceOf = (reason: string): string => `198.51.100.${reason.length}`;

const identity = (subject: string, from = ISSUER) => ({ issuer: from, subject });

describe('a workload', () => {
  it('should get a token with its own, and stand in the log by the name of its issuer and subject', async () => {
    const identities = [identity('system:serviceaccount:prod:billing')];
    await putCaller(broker, 'billing', { rules: ['onmeta/*'], identities });
    const answer = await ask({ ...bearer(await tokenOf('prod:billing')), 'x-request-id': 'workload-1' });

    expect(answer.body).toMatchObject({ access_token: 'onmeta-acme-token' });
    expect(await eventOf('workload-1')).toMatchObject({
      action: 'token.issued',
      actor: { type: 'caller', caller: 'billing', key_id: 'jwt:cluster:system:serviceaccount:prod:billing' },
    });
  });

  it('should be found by a pattern, with the rights of the caller: its roles, its rules, its end', async () => {
    await putCaller(broker, 'auditors', {
      roles: ['auditor'],
      identities: [identity('system:serviceaccount:audit:*')],
    });
    const token = await tokenOf('audit:reader');
    const events = await broker.as(token).get('/audit/events?limit=1');
    const callers = await broker.as(token).get('/admin/callers');
    await broker.as().patch(callerPath('auditors')).send({ expires_at: '2020-01-01T00:00:00Z' });

    expect([events.status, callers.status, (await ask(bearer(token))).status]).toEqual([200, 403, 401]);
  });

  it.each([
    ['unknown_identity', () => tokenOf('prod:stranger')],
    ['token_expired', () => tokenOf('prod:billing', { exp: Math.floor(Date.now() / 1000) - 60 })],
    ['wrong_audience', () => tokenOf('prod:billing', { aud: 'https://kubernetes.default.svc' })],
    ['unknown_issuer', () => tokenOf('prod:billing', { iss: 'https://evil.example' })],
    [
      'wrong_signature',
      async () => (await newIssuerKey('RS256', 'one')).sign({ iss: ISSUER, aud: 'claviger', exp: 4e9, sub: 'x' }),
    ],
    ['issuer_unavailable', () => tokenOf('prod:billing', { iss: 'https://down.example' })],
    ['malformed_token', () => 'a.b'],
  ])('should be refused as every bad key is, and the log know why: %s', async (reason, make) => {
    const headers = { 'x-request-id': `refused-${reason}`, 'x-forwarded-for': sourceOf(reason) };
    const refused = await ask({ ...headers, ...bearer(await make()) });
    const recorded = await eventOf(headers['x-request-id']);
    const badKey = await ask({ ...headers, ...bearer('nonsense') });

    expect(refused.status).toBe(401);
    expect(refused.text).toBe(badKey.text);
    expect(recorded).toMatchObject({ action: 'authentication.failed', reason, client_ip: sourceOf(reason) });
  });

  it('should be refused where two callers match it', async () => {
    await putCaller(broker, 'one', { rules: ['*/*'], identities: [identity('system:serviceaccount:twice:*')] });
    await putCaller(broker, 'two', { rules: ['*/*'], identities: [identity('system:serviceaccount:twice:a*')] });

    expect((await ask(bearer(await tokenOf('twice:b')))).status).toBe(200);
    expect((await ask(bearer(await tokenOf('twice:app')))).status).toBe(401);
    await broker.as().delete(callerPath('two'));
    expect((await ask(bearer(await tokenOf('twice:app')))).status).toBe(200);
  });

  it('should lose its identity there at once and within 2 s on another replica', async () => {
    await putCaller(broker, 'bound', { rules: ['*/*'], identities: [identity('system:serviceaccount:prod:bound')] });
    const headers = bearer(await tokenOf('prod:bound'));
    await eventually(async () => expect((await ask(headers, replica)).status).toBe(200), 2000);
    expect((await ask(headers)).status).toBe(200);

    await broker.as().patch(callerPath('bound')).send({ identities: [] });

    expect((await ask(headers)).status).toBe(401);
    await eventually(async () => expect((await ask(headers, replica)).status).toBe(401), 2000);
  });
});

describe('a certificate that a proxy verified', () => {
  const SPIFFE = 'spiffe://example.org/ns/prod/sa/meshed';
  const header = { [CERTIFICATE]: `Hash=468ed33b;Subject="CN=x";URI=${SPIFFE}` };

  it('should be an identity where the proxy is trusted', async () => {
    await putCaller(broker, 'meshed', { rules: ['*/*'], identities: [identity(SPIFFE, 'mtls')] });
    const answer = await ask({ ...header, 'x-request-id': 'mtls-1' });

    expect(answer.status).toBe(200);
    expect(await eventOf('mtls-1')).toMatchObject({ actor: { caller: 'meshed', key_id: `mtls:${SPIFFE}` } });
  });

  it('should be refused from anybody else, whatever key stands beside it', async () => {
    const { key: apiKey } = await callerWith(broker, 'keyed', { rules: ['*/*'] });
    await eventually(async () => expect((await ask(bearer(apiKey), replica)).status).toBe(200), 2000);
    const refused = await ask({ ...header, ...bearer(apiKey), 'x-request-id': 'mtls-2' }, replica);

    expect(refused.status).toBe(401);
    expect(await eventOf('mtls-2')).toMatchObject({ action: 'authentication.failed', reason: 'untrusted_proxy' });
  });

  it('should yield to a key, and not help a bad one', async () => {
    const { key: apiKey } = await callerWith(broker, 'both', { rules: [] });
    expect((await ask({ ...header, ...bearer(apiKey) })).status).toBe(404);
    expect((await ask({ ...header, ...bearer('nonsense') })).status).toBe(401);
  });

  it.each(['', 'nonsense', `URI=${SPIFFE},URI=${SPIFFE}`, 'URI=spiffe://example.org/stranger'])(
    'should be refused with %j',
    async (value) => {
      expect((await ask({ [CERTIFICATE]: value })).status).toBe(401);
    },
  );
});

const forwarded = (apiKey: string, id: string) => ({
  ...bearer(apiKey),
  'x-forwarded-for': '198.51.100.1, 203.0.113.9, 127.0.0.1',
  'x-request-id': id,
});

describe('the address of a client', () => {
  it('should be the one that a trusted proxy names, for rules and the log', async () => {
    const rule = { rule: 'onmeta/*', networks: ['203.0.113.0/24'] };
    const { key: apiKey } = await callerWith(broker, 'behind', { rules: [rule] });

    expect((await ask(forwarded(apiKey, 'forwarded-1'))).status).toBe(200);
    expect(await eventOf('forwarded-1')).toMatchObject({ client_ip: '203.0.113.9' });
    expect((await ask(bearer(apiKey))).status).toBe(404);
  });

  it('should be that of the connection where anybody else names another', async () => {
    const rule = { rule: 'onmeta/*', networks: ['203.0.113.0/24'] };
    const { key: apiKey } = await callerWith(broker, 'boasting', { rules: [rule] });
    await eventually(async () => expect((await ask(bearer(apiKey), replica)).status).toBe(404), 2000);

    expect((await ask(forwarded(apiKey, 'forwarded-2'), replica)).status).toBe(404);
    expect(await eventOf('forwarded-2')).toMatchObject({ client_ip: '127.0.0.1' });
  });
});
