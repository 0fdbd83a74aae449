import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLog, Log, revealAll, toSecrets } from '@app/common';
import { Config, TIMING } from '@app/config';
import {
  AddressGuard,
  type EffectiveCredential,
  type Grant,
  type IntrospectionOutcome,
  OutboundClient,
  type Outcome,
  ProviderRegistry,
  ProvidersModule,
  RefreshExchange,
} from '@app/providers';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type AuthMethod, idOf, type OAuthServer, SECRET, startOAuthServer } from '../support/oauth-server.js';

@Module({})
class GlobalRoom {}

const log = createLog('silent');
const globals = {
  module: GlobalRoom,
  global: true,
  providers: [
    { provide: Config, useValue: { outboundAllowedNetworks: ['127.0.0.0/8'], timing: TIMING } },
    { provide: Log, useValue: log },
  ],
  exports: [Config, Log],
};
const app = await Test.createTestingModule({ imports: [globals, ProvidersModule] }).compile();
const oauth2 = app.get(ProviderRegistry).require('oauth2');
const sut = new RefreshExchange(new OutboundClient(new AddressGuard(['127.0.0.0/8'])), log);

const AUTHS: readonly (readonly [AuthMethod, string])[] = [
  ['client_secret_basic', 'basic'],
  ['client_secret_post', 'body'],
  ['private_key_jwt', 'private_key_jwt'],
  ['none', 'none'],
];

describe('oauth2 with a certified OAuth server', () => {
  let server: OAuthServer;

  beforeAll(async () => {
    server = await startOAuthServer();
  });

  afterAll(() => server.close());

  describe.each(AUTHS)('as a client of %s', (method, client_auth) => {
    it('should refresh, adopt the new refresh token, and refresh with it', async () => {
      const held = await credentialOf(method, client_auth);

      const first = grantOf(await refresh(held));
      const second = grantOf(await refresh(adopted(held, first)));

      expect(first).toMatchObject({ tokenType: 'Bearer', expiresInSeconds: 600, expiryClamped: false });
      expect(first.credential['refresh_token']?.reveal()).toMatch(/./);
      expect(second.accessToken.reveal()).not.toBe(first.accessToken.reveal());
    });

    it('should be told that a token was used, and that its grant is dead', async () => {
      const held = await credentialOf(method, client_auth);
      const next = adopted(held, grantOf(await refresh(held)));

      expect(await refresh(held)).toEqual({ kind: 'rejected', status: 400, reason: 'invalid_grant' });
      expect(await refresh(next)).toEqual({ kind: 'rejected', status: 400, reason: 'invalid_grant' });
    });

    it('should ask whether a token is unused without using it', async () => {
      const held = await credentialOf(method, client_auth);

      expect(await introspect(held)).toEqual({ kind: 'ok', status: 200, verdict: 'unused' });
      const next = adopted(held, grantOf(await refresh(held)));
      expect(await introspect(held)).toEqual({ kind: 'ok', status: 200, verdict: 'used' });
      expect(await introspect(next)).toEqual({ kind: 'ok', status: 200, verdict: 'unused' });
    });
  });

  it.each(AUTHS.slice(0, 3))('should get a token for itself as a client of %s', async (method, client_auth) => {
    const { settings, secrets } = await credentialOf(method, client_auth);

    const outcome = await refresh({ settings: { ...settings, grant: 'client_credentials' }, secrets });

    expect(grantOf(outcome)).toMatchObject({ expiresInSeconds: 900, credential: {} });
  });

  it.each(['basic', 'body'])('should be told that its secret is wrong by %s', async (client_auth) => {
    const method = client_auth === 'basic' ? 'client_secret_basic' : 'client_secret_post';
    const held = await credentialOf(method, client_auth);
    const wrong = { ...held, secrets: { ...held.secrets, ...toSecrets({ client_secret: 'wrong' }) } };

    expect(await refresh(wrong)).toEqual({ kind: 'misconfigured', status: 401, reason: 'invalid_client' });
    expect(await introspect(wrong)).toEqual({ kind: 'misconfigured', status: 401, reason: 'invalid_client' });
    expect(await introspect(held)).toMatchObject({ verdict: 'unused' });
  });

  it('should be told what is wrong with its configuration', async () => {
    const held = await credentialOf('client_secret_basic', 'basic');
    const changed = (settings: object) => refresh({ ...held, settings: { ...held.settings, ...settings } });

    expect(await changed({ parameters: { grant_type: 'other' } })).toMatchObject({ reason: 'bad_request' });
    expect(await changed({ parameters: { grant_type: null } })).toMatchObject({ reason: 'bad_request' });
    expect(await changed({ scope: 'nonsense' })).toMatchObject({ kind: 'misconfigured', reason: 'bad_request' });
    expect(await changed({ token_url: `${server.issuer}/nowhere` })).toMatchObject({ reason: 'not_found' });
    expect(await introspect(held)).toMatchObject({ verdict: 'unused' });
  });

  async function credentialOf(method: AuthMethod, client_auth: string): Promise<EffectiveCredential> {
    const settings = {
      token_url: `${server.issuer}/token`,
      introspection_url: `${server.issuer}/token/introspection`,
      client_id: idOf(method),
      client_auth,
      // This server wants to be named by its issuer, as RFC 7523bis asks for.
      assertion: { audience: server.issuer },
    };
    const refresh_token = await server.refreshTokenFor(method);
    const secrets = { client_secret: SECRET, private_key: server.privateKey, refresh_token };
    return { settings, secrets: toSecrets(secrets) };
  }
});

async function refresh(credential: EffectiveCredential): Promise<Outcome> {
  return (await sut.send(oauth2, 'refresh', credential, { now: Date.now() })).outcome;
}

async function introspect(credential: EffectiveCredential): Promise<IntrospectionOutcome> {
  return (await sut.introspect(oauth2, credential, { now: Date.now() })).outcome;
}

function adopted({ settings, secrets }: EffectiveCredential, grant: Grant): EffectiveCredential {
  return { settings, secrets: { ...secrets, ...toSecrets(revealAll(grant.credential)) } };
}

function grantOf(outcome: Outcome): Grant {
  if (outcome.kind !== 'ok') {
    throw new Error(`${outcome.kind}: ${outcome.reason} (${outcome.status})`);
  }
  return outcome.grant;
}
