import { beforeEach, describe, expect, it } from '@jest/globals';
import { toContract } from '../contract/contract.js';
import { loadAnswers } from '../contract/load-answers.js';
import type { IssuedCredential } from './credential.js';
import { CredentialStore } from './credential.store.js';
import { Issuer } from './issuer.js';
import { SharedSecrets } from './shared-secrets.js';
import { SigningKeys } from './signing-keys.js';

const contracts = new Map([...loadAnswers()].map(([name, file]) => [name, toContract(file)]));
const keys = new SigningKeys();
const HOUR = 3_600_000;

let now: number;
let changes: number;
let sut: CredentialStore;
let issuer: Issuer;

beforeEach(() => {
  now = Date.parse('2026-11-21T10:00:00Z');
  changes = 0;
  sut = new CredentialStore(
    contracts,
    keys,
    new SharedSecrets(),
    () => now,
    () => void changes++,
  );
  issuer = new Issuer(sut);
});

const issue = (provider: string, options = {}): Promise<IssuedCredential> =>
  issuer.issue(provider, options, `http://sandbox/${provider}`);
const liveCount = (id: string) => sut.require(id).tokens.filter((token) => sut.isLive(token)).length;

describe('CredentialStore', () => {
  it('should share the provider’s secrets among its credentials, and nothing else', async () => {
    const [first, second] = [await issue('onmeta'), await issue('onmeta')];

    expect(first.secrets).toEqual(second.secrets);
    expect(first.credential['email']).not.toBe(second.credential['email']);
    expect((await issue('onmeta', { secrets: { api_key: 'own' } })).secrets).toEqual({ api_key: 'own' });
  });

  it('should fill every placeholder of every sample', async () => {
    for (const provider of contracts.keys()) {
      const { settings, secrets, credential } = await issue(provider);
      // What is left in a URL is for the broker to fill from the parameters beside it.
      const { url_parameters = {}, ...rest } = settings;
      const left = JSON.stringify([rest, secrets, credential]).match(/(?<=\{)\w+(?=\})/g) ?? [];

      expect(Object.keys(url_parameters as object)).toEqual(expect.arrayContaining(left));
    }
  });

  it('should let tokens live as long as the provider says, or as the credential was told', async () => {
    const { id } = await issue('klearstack', { refresh_ttl_seconds: 7200 });
    sut.grant(sut.require(id), { kinds: ['access'] });
    expect(liveCount(id)).toBe(3);

    now += HOUR;
    expect(liveCount(id)).toBe(1);
    now += HOUR;
    expect(liveCount(id)).toBe(0);
  });

  it('should grant the lifetime that was asked for, unless the credential was told another', async () => {
    const { id } = await issue('monetate');

    expect(sut.grant(sut.require(id), { kinds: ['access'], requestedTtl: 900 }).ttl).toBe(900);
    sut.update(id, { ttl_seconds: 5 });
    expect(sut.grant(sut.require(id), { kinds: ['access'], requestedTtl: 900 }).ttl).toBe(5);
  });

  it('should end a client token with the access token it came with', async () => {
    const { id } = await issue('berbix', { ttl_seconds: 60 });
    sut.grant(sut.require(id), { kinds: ['access', 'client'] });
    sut.expire(id, 'access');

    expect(
      sut
        .require(id)
        .tokens.filter((token) => sut.isLive(token))
        .map(({ kind }) => kind),
    ).toEqual(['refresh']);
  });

  it.each([
    ['static', 0, true],
    ['strict', 0, false],
    ['grace', 59_000, true],
    ['grace', 60_000, false],
  ] as const)('should treat a consumed refresh token as %s says, %i ms later', async (rotation, later, expected) => {
    const { id, credential } = await issue('onmeta', { rotation, grace_seconds: 60 });
    const refresh_token = credential['refresh_token'] ?? '';
    const consumed = sut.index.findToken(refresh_token)?.token;
    const { tokens } = sut.grant(sut.require(id), { kinds: ['access', 'refresh'], consumed });
    now += later;

    expect(sut.lookup(refresh_token)?.live).toBe(expected);
    expect(sut.lookup(tokens['refresh'] ?? '')?.live).toBe(true);
  });

  it('should count a grace from the first use of a token, not from the last', async () => {
    const { id, credential } = await issue('onmeta', { rotation: 'grace', grace_seconds: 60 });
    const consumed = sut.index.findToken(credential['refresh_token'] ?? '')?.token;
    sut.grant(sut.require(id), { kinds: ['refresh'], consumed });
    now += 59_000;
    sut.grant(sut.require(id), { kinds: ['refresh'], consumed });
    now += 1_000;

    expect(sut.lookup(credential['refresh_token'] ?? '')?.live).toBe(false);
  });

  it('should not consume a refresh token by a success that issues none', async () => {
    const { id, credential } = await issue('onmeta', { rotation: 'strict' });
    const consumed = sut.index.findToken(credential['refresh_token'] ?? '')?.token;
    sut.grant(sut.require(id), { kinds: ['access'], consumed });

    expect(sut.lookup(credential['refresh_token'] ?? '')?.live).toBe(true);
  });

  it('should forget dead tokens first, and in the end living ones too', async () => {
    const { id, credential } = await issue('klavi');
    const token = credential['access_token'] ?? '';
    Array.from({ length: 63 }, () => sut.grant(sut.require(id), { kinds: ['access'] }));
    sut.expire(id, 'access');
    Array.from({ length: 1024 }, () => sut.grant(sut.require(id), { kinds: ['access'] }));
    expect(sut.lookup(token)).toBeUndefined();
    expect(liveCount(id)).toBe(1024);

    sut.grant(sut.require(id), { kinds: ['access'] });
    expect(liveCount(id)).toBe(1024);
  });

  it('should say that something changed', async () => {
    const { id } = await issue('klavi');
    const before = changes;
    sut.revoke(id, 'keys');

    expect(changes).toBeGreaterThan(before);
  });

  it('should name what it has where it is asked for something else', async () => {
    await expect(issue('nobody')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('klavi'),
    });
    expect(() => sut.require('nobody')).toThrow(/Issue one first/);
  });
});
