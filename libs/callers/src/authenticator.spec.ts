import type { Log } from '@app/common';
import { ApiKeyHashes, generateKeyFile, Keyring } from '@app/crypto';
import { describe, expect, it } from '@jest/globals';
import { newApiKey } from './api-key.js';
import { AuthenticationError } from './authentication.error.js';
import { Authenticator } from './authenticator.js';
import type { KnownKey } from './known-key.js';
import type { KnownIdentity } from './identity/known-identity.js';
import { TokenVerifier } from './identity/token.verifier.js';
import { WorkloadAuthenticator } from './identity/workload.authenticator.js';
import { KnownKeys } from './known-keys.js';
import { LastUses } from './last-uses.js';

const NOW = 1_800_000_000_000;
const ignore = (): void => undefined;
const log: Log = { error: ignore, warn: ignore, info: ignore, debug: ignore };
const hashes = new ApiKeyHashes(new Keyring(generateKeyFile()));
const key = newApiKey();

const newKnownKey = (overrides: Partial<KnownKey> = {}): KnownKey => ({
  hash: hashes.hash(key.secret.reveal()),
  revoked: false,
  expiresAt: undefined,
  callerExpiresAt: undefined,
  caller: { name: 'billing', keyId: key.keyId, roles: [], rules: [] },
  ...overrides,
});

function newAuthenticator(known: KnownKey | undefined = newKnownKey()) {
  const used: string[] = [];
  let lookUps = 0;
  const findKey = async (keyId: string): Promise<KnownKey | undefined> => {
    lookUps += 1;
    return keyId === key.keyId ? known : undefined;
  };
  const keys = new KnownKeys({ findKey }, { onChange: ignore, isCurrent: () => true, mark: '1' });
  const lastUses = new LastUses({ recordUse: async (keyIds) => void used.push(...keyIds) }, log);
  let now = NOW;
  const clock = { now: () => now };
  const identities = new KnownKeys<KnownIdentity>(
    { findKey: async () => undefined },
    { onChange: ignore, isCurrent: () => true, mark: '1' },
  );
  const workloads = new WorkloadAuthenticator(new TokenVerifier([], clock), identities, clock);
  const sut = new Authenticator(keys, hashes, lastUses, clock, workloads);
  return { sut, keys, lastUses, used, lookUps: () => lookUps, pass: (ms: number) => void (now += ms) };
}

const failureOf = (sut: Authenticator, bearer: string | undefined): Promise<unknown> =>
  sut.authenticate(bearer).catch((error: unknown) => error);

describe('Authenticator', () => {
  it('should answer the caller of a live key, with one look-up for many requests', async () => {
    const { sut, lookUps } = newAuthenticator();
    for (let request = 0; request < 3; request += 1) {
      await expect(sut.authenticate(key.text.reveal())).resolves.toMatchObject({ name: 'billing', keyId: key.keyId });
    }
    expect(lookUps()).toBe(1);
  });

  it('should recognize a key at once that has proved itself, and nothing else', async () => {
    const { sut, lookUps } = newAuthenticator();
    const shown = key.text.reveal();
    expect(sut.recognize(shown)).toBeUndefined();
    const caller = await sut.authenticate(shown);
    expect(sut.recognize(shown)).toBe(caller);
    expect(sut.recognize(`${shown.slice(0, -1)}?`)).toBeUndefined();
    expect(sut.recognize(shown.slice(0, 16))).toBeUndefined();
    expect(sut.recognize(newApiKey().text.reveal())).toBeUndefined();
    expect(lookUps()).toBe(1);
  });

  it('should recognize no key that failed, expires or was read anew since', async () => {
    const failing = newAuthenticator();
    await failureOf(failing.sut, `${key.text.reveal().slice(0, -1)}?`);
    expect(failing.sut.recognize(`${key.text.reveal().slice(0, -1)}?`)).toBeUndefined();
    const expiring = newAuthenticator(newKnownKey({ expiresAt: NOW + 1 }));
    await expiring.sut.authenticate(key.text.reveal());
    expiring.pass(1);
    expect(expiring.sut.recognize(key.text.reveal())).toBeUndefined();
    const changed = newAuthenticator();
    await changed.sut.authenticate(key.text.reveal());
    changed.keys.forget();
    expect(changed.sut.recognize(key.text.reveal())).toBeUndefined();
  });

  it('should note the use of a key that authenticates, and of no other', async () => {
    const live = newAuthenticator();
    await live.sut.authenticate(key.text.reveal());
    await live.lastUses.flush();
    const dead = newAuthenticator(newKnownKey({ revoked: true }));
    await failureOf(dead.sut, key.text.reveal());
    await dead.lastUses.flush();
    expect([live.used, dead.used]).toEqual([[key.keyId], []]);
  });

  it('should accept a key until the moment it expires', async () => {
    const { sut } = newAuthenticator(newKnownKey({ expiresAt: NOW + 1, callerExpiresAt: NOW + 1 }));
    await expect(sut.authenticate(key.text.reveal())).resolves.toMatchObject({ name: 'billing' });
  });

  const text = key.text.reveal();
  const imposter = newApiKey();
  it.each([
    ['no_key', undefined, newKnownKey()],
    ['malformed_key', text.slice(0, -1), newKnownKey()],
    ['malformed_token', `${text}.`, newKnownKey()],
    ['malformed_token', 'e30.e30.', newKnownKey()],
    ['unknown_key', imposter.text.reveal(), newKnownKey()],
    ['wrong_secret', text, newKnownKey({ hash: hashes.hash(imposter.secret.reveal()) })],
    ['key_revoked', text, newKnownKey({ revoked: true })],
    ['key_expired', text, newKnownKey({ expiresAt: NOW })],
    ['caller_expired', text, newKnownKey({ callerExpiresAt: NOW })],
  ])('should refuse with one answer, and tell the log the reason: %s', async (reason, bearer, known) => {
    const failure = await failureOf(newAuthenticator(known).sut, bearer);
    expect(failure).toMatchObject({ code: 'unauthenticated', reason, facts: {} });
    expect(failure).toHaveProperty('message', new AuthenticationError('no_key').message);
  });

  it('should not look up a key whose checksum is wrong', async () => {
    const { sut, lookUps } = newAuthenticator();
    await failureOf(sut, `${text.slice(0, -6)}000000`);
    expect(lookUps()).toBe(0);
  });
});
