import type { AuditOrigin } from '@app/audit';
import { ApiKeyService, CallerService, CallersModule, type CallerFields, NO_FIELDS } from '@app/callers';
import { ConfigModule } from '@app/config';
import { generateKeyFile, Keyring } from '@app/crypto';
import { ChangeFeed, Database, DatabaseModule } from '@app/database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { libraryConfig, SilentLogModule } from '../support/library.js';

const origin: AuditOrigin = { actor: { type: 'system' } };
const admin: CallerFields = { ...NO_FIELDS, roles: ['admin'] };
const lockedOut = expect.objectContaining({ code: 'conflict', message: expect.stringContaining('another caller') });
const fromNow = (ms: number): Date => new Date(Date.now() + ms);

describe('the last administrator', () => {
  let replica: TestingModule;
  let callers: CallerService;
  let keys: ApiKeyService;
  let keyId: string;

  beforeAll(async () => {
    replica = await Test.createTestingModule({
      imports: [ConfigModule.with(libraryConfig), SilentLogModule, DatabaseModule, CallersModule],
    })
      .overrideProvider(Keyring)
      .useValue(new Keyring(generateKeyFile()))
      .compile();
    callers = replica.get(CallerService);
    keys = replica.get(ApiKeyService);
  });

  afterAll(async () => {
    replica.get(ChangeFeed).stop();
    await replica.close();
    await replica.get(Database).close();
  });

  beforeEach(async () => {
    await replica.get(Database).query({ text: 'delete from callers', values: [] });
    await callers.put(origin, 'root', admin);
    ({ keyId } = await keys.issue(origin, 'root', null));
  });

  const second = async (fields: Partial<CallerFields> = {}, expiresAt: Date | null = null): Promise<string> => {
    await callers.put(origin, 'second', { ...admin, ...fields });
    return (await keys.issue(origin, 'second', expiresAt)).keyId;
  };

  /** Each way in which it could go. */
  const WAYS = {
    'lose its role': () => callers.patch(origin, 'root', { roles: ['auditor'] }),
    'be replaced without its role': () => callers.put(origin, 'root', NO_FIELDS),
    'be expired': () => callers.patch(origin, 'root', { expiresAt: fromNow(-1000) }),
    'be made to expire': () => callers.patch(origin, 'root', { expiresAt: fromNow(3_600_000) }),
    'be deleted': () => callers.delete(origin, 'root'),
    'lose its last key': () => keys.revoke(origin, 'root', keyId),
  };

  it.each(Object.entries(WAYS))('should not %s', async (_way, go) => {
    await expect(go()).rejects.toEqual(lockedOut);
    await expect(callers.require('root')).resolves.toMatchObject({ version: 1, roles: ['admin'], expiresAt: null });
    expect((await keys.list('root', { limit: 10 })).items).toMatchObject([{ keyId, revokedAt: null }]);
  });

  it.each(Object.entries(WAYS))('should %s where another one stays', async (_way, go) => {
    await second();
    await expect(go().then(() => 'done')).resolves.toBe('done');
  });

  it.each([
    ['has no live key', {}, fromNow(60)],
    ['has expired', { expiresAt: fromNow(-1000) }, null],
    ['expires', { expiresAt: fromNow(3_600_000) }, null],
    ['is an auditor', { roles: ['auditor' as const] }, null],
  ])('should not be deleted where the other one %s', async (_which, fields, keyExpiresAt) => {
    const other = await second(fields);
    if (keyExpiresAt !== null) {
      await keys.revoke(origin, 'second', other);
    }
    await expect(callers.delete(origin, 'root')).rejects.toEqual(lockedOut);
  });

  it('should keep one key of several', async () => {
    const { keyId: another } = await keys.issue(origin, 'root', fromNow(3_600_000));
    await keys.revoke(origin, 'root', keyId);
    await expect(keys.revoke(origin, 'root', another)).rejects.toEqual(lockedOut);
  });

  it('should be one of two that remove each other at once', async () => {
    await second();
    const ended = await Promise.allSettled([callers.delete(origin, 'root'), callers.delete(origin, 'second')]);
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('should leave other callers as free as before', async () => {
    await callers.put(origin, 'billing', { ...NO_FIELDS, rules: ['klavi/*'] });
    const issued = await keys.issue(origin, 'billing', null);
    await keys.revoke(origin, 'billing', issued.keyId);
    await expect(callers.delete(origin, 'billing')).resolves.toBeUndefined();
  });
});
