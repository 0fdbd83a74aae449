import { AuditEvents, type AuditOrigin } from '@app/audit';
import {
  ApiKeyService,
  Authenticator,
  CallerService,
  CallersModule,
  FailedAuthentications,
  newApiKey,
  NO_FIELDS,
} from '@app/callers';
import { Secret } from '@app/common';
import { ConfigModule } from '@app/config';
import { generateKeyFile, Keyring } from '@app/crypto';
import { ChangeFeed, Database, DatabaseModule } from '@app/database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { libraryConfig, SilentLogModule } from '../support/library.js';

/** The keys that all replicas share. */
const keyring = new Keyring(generateKeyFile());

const startReplica = (): Promise<TestingModule> =>
  Test.createTestingModule({
    imports: [ConfigModule.with(libraryConfig), SilentLogModule, DatabaseModule, CallersModule],
  })
    .overrideProvider(Keyring)
    .useValue(keyring)
    .compile();

const origin: AuditOrigin = {
  actor: { type: 'caller', caller: 'ops', keyId: 'opsopsopsops' },
  requestId: 'r-1',
  clientIp: '192.0.2.1',
};

const fields = { ...NO_FIELDS, rules: ['klavi/*'] };

const inAnHour = (): Date => new Date(Date.now() + 3_600_000);

describe('API keys', () => {
  let replica: TestingModule;
  let other: TestingModule;
  let callers: CallerService;
  let sut: ApiKeyService;

  beforeAll(async () => {
    [replica, other] = await Promise.all([startReplica(), startReplica()]);
    callers = replica.get(CallerService);
    sut = replica.get(ApiKeyService);
    await Promise.all([replica.get(ChangeFeed).start(), other.get(ChangeFeed).start()]);
  });

  afterAll(async () => {
    for (const each of [replica, other]) {
      each.get(ChangeFeed).stop();
      await each.close();
      await each.get(Database).close();
    }
  });

  beforeEach(async () => {
    await execute('delete from callers');
    await execute('delete from audit_events');
    await callers.put(origin, 'billing', fields);
  });

  const execute = <Row extends object>(text: string): Promise<Row[]> =>
    replica.get(Database).query<Row>({ text, values: [] });

  const authenticate = (key: Secret, on: TestingModule = replica) => on.get(Authenticator).authenticate(key.reveal());

  const refused = expect.objectContaining({ code: 'unauthenticated' });

  it('should authenticate on every replica, several keys a caller', async () => {
    const [first, second] = [await sut.issue(origin, 'billing', null), await sut.issue(origin, 'billing', inAnHour())];
    for (const { key, keyId } of [first, second]) {
      await expect(authenticate(key)).resolves.toMatchObject({ name: 'billing', keyId, roles: [] });
      await expect(authenticate(key, other)).resolves.toMatchObject({ name: 'billing', keyId });
    }
  });

  it('should be listed oldest first, page by page, and never as what they are', async () => {
    const issued = [];
    for (let index = 0; index < 3; index += 1) {
      issued.push(await sut.issue(origin, 'billing', null));
    }
    await sut.revoke(origin, 'billing', issued[1]?.keyId ?? '');
    const first = await sut.list('billing', { limit: 2 });
    const second = await sut.list('billing', { limit: 2, cursor: first.nextCursor ?? '' });
    const shown = [...first.items, ...second.items];
    expect(shown.map(({ keyId, revokedAt }) => [keyId, revokedAt !== null])).toEqual(
      issued.map(({ keyId }, index) => [keyId, index === 1]),
    );
    expect(Object.keys(shown[0] ?? {})).toEqual(['keyId', 'createdAt', 'expiresAt', 'revokedAt', 'lastUsedAt']);
    expect(second.nextCursor).toBeNull();
  });

  it('should be stored as a hash only', async () => {
    const { key } = await sut.issue(origin, 'billing', null);
    const [row] = await execute<{ dump: string }>('select string_agg(k::text, chr(10)) as dump from api_keys k');
    expect(row?.dump).not.toContain(key.reveal().split('_').at(-1)?.slice(0, 20));
  });

  it('should not be issued for a time that has passed', async () => {
    await expect(sut.issue(origin, 'billing', new Date(Date.now() - 1000))).rejects.toMatchObject({
      code: 'invalid_request',
      facts: { errors: [{ field: 'expires_at', message: 'must be in the future' }] },
    });
  });

  it('should be refused at once where they were revoked, and within two seconds on other replicas', async () => {
    const { key, keyId } = await sut.issue(origin, 'billing', null);
    await Promise.all([authenticate(key), authenticate(key, other)]);
    await sut.revoke(origin, 'billing', keyId);
    const revokedAt = performance.now();
    await expect(authenticate(key)).rejects.toEqual(refused);
    await untilRefused(() => authenticate(key, other));
    // Two seconds, and what a busy machine adds.
    expect(performance.now() - revokedAt).toBeLessThan(5000);
  });

  it('should carry changed rules at once, and nothing once the caller is gone', async () => {
    const { key } = await sut.issue(origin, 'billing', null);
    await authenticate(key);
    await callers.patch(origin, 'billing', { rules: [], roles: ['auditor'] });
    await expect(authenticate(key)).resolves.toMatchObject({ rules: [], roles: ['auditor'] });
    await callers.patch(origin, 'billing', { expiresAt: new Date(Date.now() - 1000) });
    await expect(authenticate(key)).rejects.toEqual(refused);
    await callers.delete(origin, 'billing');
    await expect(authenticate(key)).rejects.toEqual(refused);
  });

  it('should be revoked once, however often that is asked', async () => {
    const { keyId } = await sut.issue(origin, 'billing', null);
    await sut.revoke(origin, 'billing', keyId);
    await sut.revoke(origin, 'billing', keyId);
    const { items } = await replica.get(AuditEvents).search({ limit: 10, action: 'key.revoked' });
    expect(items).toHaveLength(1);
  });

  it('should be found by their caller only', async () => {
    await callers.put(origin, 'other', fields);
    const { keyId } = await sut.issue(origin, 'billing', null);
    await expect(sut.revoke(origin, 'other', keyId)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('should have their last use recorded, once a minute at most', async () => {
    const { key } = await sut.issue(origin, 'billing', null);
    const uses: (Date | null | undefined)[] = [];
    for (const stopping of [await startReplica(), await startReplica()]) {
      await authenticate(key, stopping);
      await stopping.close();
      await stopping.get(Database).close();
      uses.push((await sut.list('billing', { limit: 1 })).items[0]?.lastUsedAt);
    }
    expect(uses[0]).toBeInstanceOf(Date);
    expect(uses[1]).toEqual(uses[0]);
  });

  it('should let in the first administrator once, whichever replica is first', async () => {
    const keys = [newApiKey().text, newApiKey().text, newApiKey().text];
    const made = await Promise.all(
      keys.map((key, index) => (index === 1 ? other : replica).get(CallerService).ensureAdmin(key)),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    const first = keys[made.indexOf(true)] ?? newApiKey().text;
    await expect(authenticate(first)).resolves.toMatchObject({ name: 'admin', roles: ['admin'], rules: [] });
    await expect(callers.ensureAdmin(newApiKey().text)).resolves.toBe(false);
    const { items } = await replica.get(AuditEvents).search({ limit: 2 });
    expect(items.map(({ action, actor }) => [action, actor.type])).toEqual([
      ['key.issued', 'system'],
      ['caller.created', 'system'],
    ]);
  });

  it('should not let in an administrator with a key that is mistyped or was used before', async () => {
    const { key } = await sut.issue(origin, 'billing', null);
    await expect(callers.ensureAdmin(key)).rejects.toMatchObject({ code: 'conflict' });
    const cut = new Secret(newApiKey().text.reveal().slice(0, -1));
    await expect(callers.ensureAdmin(cut)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('should have failures written down when the application stops, with the exact count', async () => {
    const stopping = await startReplica();
    await stopping.init();
    const failures = stopping.get(FailedAuthentications);
    for (let index = 0; index < 30; index += 1) {
      await failures.record({ clientIp: '192.0.2.7', requestId: `r-${index}`, reason: 'unknown_key' });
    }
    await stopping.close();
    const { items } = await replica.get(AuditEvents).search({ limit: 100, action: 'authentication.failed' });
    expect(items.map(({ count }) => count)).toEqual([25, 1, 1, 1, 1, 1]);
    await stopping.get(Database).close();
  });
});

/** Asks again and again until the answer is the refusal. */
async function untilRefused(ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const code: unknown = await ask().then(
      () => undefined,
      (error: { code?: unknown }) => error.code,
    );
    if (code === 'unauthenticated') {
      return;
    }
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
