import type { AuditOrigin } from '@app/audit';
import { CallerService, CallersModule, MTLS, NO_FIELDS, Authenticator } from '@app/callers';
import { ConfigModule } from '@app/config';
import { generateKeyFile, Keyring } from '@app/crypto';
import { ChangeFeed, Database, DatabaseModule } from '@app/database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { libraryConfig, SilentLogModule } from '../support/library.js';

const origin: AuditOrigin = { actor: { type: 'system' } };

describe('identities', () => {
  let replica: TestingModule;
  let callers: CallerService;

  beforeAll(async () => {
    replica = await Test.createTestingModule({
      imports: [ConfigModule.with(libraryConfig), SilentLogModule, DatabaseModule, CallersModule],
    })
      .overrideProvider(Keyring)
      .useValue(new Keyring(generateKeyFile()))
      .compile();
    callers = replica.get(CallerService);
    await replica.get(ChangeFeed).start();
  });

  afterAll(async () => {
    replica.get(ChangeFeed).stop();
    await replica.close();
    await replica.get(Database).close();
  });

  beforeEach(async () => {
    await replica.get(Database).query({ text: 'delete from callers', values: [] });
  });

  /** A caller that certificates with these subjects name. */
  const newCaller = (name: string, ...subjects: readonly string[]) =>
    callers.put(origin, name, { ...NO_FIELDS, identities: subjects.map((subject) => ({ issuer: MTLS, subject })) });

  const named = (subject: string): Promise<unknown> =>
    replica
      .get(Authenticator)
      .authenticateCertificate(subject)
      .then(
        ({ name }) => name,
        ({ reason }: { reason?: unknown }) => reason,
      );

  it('should name their caller, by the very subject and by a pattern', async () => {
    await newCaller('exact', 'CN=one,O=Example', 'CN=two,O=Example');
    await newCaller('pattern', 'spiffe://example.org/ns/prod/sa/*');
    expect(await Promise.all(['CN=two,O=Example', 'spiffe://example.org/ns/prod/sa/x', 'CN=three'].map(named))).toEqual(
      ['exact', 'pattern', 'unknown_identity'],
    );
  });

  it.each([
    [String.raw`a\b%c_*`, String.raw`a\b%c_d`, true],
    [String.raw`a\b%c_*`, String.raw`a\bXc_d`, false],
    ['100%*', '100%x', true],
    ['100%*', '1000', false],
    ['a_*', 'axb', false],
    [String.raw`*\*`, String.raw`a\b`, true],
    ["O'Example*", "O'Example", true],
    ['*', '*', true],
  ])('%s should match %s: %s, whatever it means to the database', async (pattern, subject, matches) => {
    await newCaller('any', pattern);
    expect(await named(subject)).toBe(matches ? 'any' : 'unknown_identity');
  });

  it('should name nobody where several callers match, and one that matches twice', async () => {
    await newCaller('one', 'a*', '*b', 'ab');
    expect(await named('ab')).toBe('one');
    await newCaller('two', 'a*b');
    expect([await named('ab'), await named('ac')]).toEqual(['ambiguous_identity', 'one']);
  });

  it('should be of one issuer only', async () => {
    await callers.put(origin, 'other', {
      ...NO_FIELDS,
      identities: [{ issuer: 'https://issuer.example', subject: 'x' }],
    });
    expect(await named('x')).toBe('unknown_identity');
  });

  it('should be confirmed as they are now, for a request that was authenticated before', async () => {
    await newCaller('first', 'CN=moving');
    const sut = replica.get(Authenticator);
    const before = await sut.authenticateCertificate('CN=moving');
    await callers.patch(origin, 'first', { rules: ['klavi/*'] });
    const confirmed = await sut.confirm(before);
    expect(confirmed).toMatchObject({ name: 'first', keyId: 'mtls:CN=moving', rules: [{ text: 'klavi/*' }] });

    const refused = expect.objectContaining({ reason: 'unknown_identity' });
    await callers.patch(origin, 'first', { identities: [] });
    await expect(sut.confirm(confirmed)).rejects.toEqual(refused);
    await newCaller('second', 'CN=moving');
    await expect(sut.confirm(confirmed)).rejects.toEqual(refused);
  });

  it('should be looked up anew after a change', async () => {
    await newCaller('often', 'CN=often');
    expect(await named('CN=often')).toBe('often');
    await callers.patch(origin, 'often', { expiresAt: new Date(Date.now() - 1000) });
    expect(await named('CN=often')).toBe('caller_expired');
    await callers.delete(origin, 'often');
    expect(await named('CN=often')).toBe('unknown_identity');
  });
});
