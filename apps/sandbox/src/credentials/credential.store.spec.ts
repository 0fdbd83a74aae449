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
      expect(JSON.stringify(await issue(provider))).not.toMatch(/\{\w+\}/);
    }
  });

  it('should let tokens live as long as the provider says, or as the credential was told', async () => {
    const { id } = await issue('klearstack', { refresh_ttl_seconds: 7200 });
    sut.grant(sut.require(id), ['access']);
    expect(liveCount(id)).toBe(3);

    now += HOUR;
    expect(liveCount(id)).toBe(1);
    now += HOUR;
    expect(liveCount(id)).toBe(0);
  });

  it('should grant the lifetime that was asked for, unless the credential was told another', async () => {
    const { id } = await issue('monetate');

    expect(sut.grant(sut.require(id), ['access'], 900).ttl).toBe(900);
    sut.update(id, { ttl_seconds: 5 });
    expect(sut.grant(sut.require(id), ['access'], 900).ttl).toBe(5);
  });

  it('should end a client token with the access token it came with', async () => {
    const { id } = await issue('berbix', { ttl_seconds: 60 });
    sut.grant(sut.require(id), ['access', 'client']);
    sut.expire(id, 'access');

    expect(
      sut
        .require(id)
        .tokens.filter((token) => sut.isLive(token))
        .map(({ kind }) => kind),
    ).toEqual(['refresh']);
  });

  it('should forget dead tokens first, and in the end living ones too', async () => {
    const { id, credential } = await issue('klavi');
    const token = credential['access_token'] ?? '';
    Array.from({ length: 63 }, () => sut.grant(sut.require(id), ['access']));
    sut.expire(id, 'access');
    Array.from({ length: 1024 }, () => sut.grant(sut.require(id), ['access']));
    expect(sut.lookup(token)).toBeUndefined();
    expect(liveCount(id)).toBe(1024);

    sut.grant(sut.require(id), ['access']);
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
