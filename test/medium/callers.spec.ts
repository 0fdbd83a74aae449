import { AuditEvents, type AuditOrigin } from '@app/audit';
import { ApiKeyService, Authenticator, type CallerFields, CallerService, CallersModule } from '@app/callers';
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

const newFields = (overrides: Partial<CallerFields> = {}): CallerFields => ({
  description: 'bills customers',
  roles: [],
  rules: ['klavi/*'],
  identities: [],
  expiresAt: null,
  ...overrides,
});

describe('callers', () => {
  let replica: TestingModule;
  let other: TestingModule;
  let sut: CallerService;
  let keys: ApiKeyService;
  let authenticator: Authenticator;

  beforeAll(async () => {
    [replica, other] = await Promise.all([startReplica(), startReplica()]);
    sut = replica.get(CallerService);
    keys = replica.get(ApiKeyService);
    authenticator = replica.get(Authenticator);
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
  });

  const execute = (text: string): Promise<object[]> => replica.get(Database).query({ text, values: [] });

  /** What was recorded, oldest first. */
  const recorded = async () => (await replica.get(AuditEvents).search({ limit: 100 })).items.toReversed();

  const newKey = async (expiresAt: Date | null = null) => {
    await sut.put(origin, 'billing', newFields());
    return keys.issue(origin, 'billing', expiresAt);
  };

  it('should create a caller, replace it, and count its versions', async () => {
    const first = await sut.put(origin, 'billing', newFields({ expiresAt: new Date('2030-01-01T00:00:00Z') }));
    const second = await sut.put(origin, 'billing', newFields({ rules: [] }));
    expect([first.created, second.created]).toEqual([true, false]);
    await expect(sut.require('billing')).resolves.toEqual({
      ...newFields({ rules: [] }),
      name: 'billing',
      version: 2,
      createdAt: first.caller.createdAt,
      updatedAt: second.caller.updatedAt,
    });
  });

  it('should patch only what is given', async () => {
    await sut.put(origin, 'billing', newFields());
    const patched = await sut.patch(origin, 'billing', { roles: ['auditor'] });
    expect(patched).toMatchObject({ ...newFields(), roles: ['auditor'], version: 2 });
  });

  it('should refuse a change made for another version, and change nothing', async () => {
    await sut.put(origin, 'billing', newFields());
    const refused = { code: 'precondition_failed' };
    await expect(sut.put(origin, 'billing', newFields({ rules: [] }), [2])).rejects.toMatchObject(refused);
    await expect(sut.patch(origin, 'billing', { rules: [] }, [2])).rejects.toMatchObject(refused);
    await expect(sut.delete(origin, 'billing', [2])).rejects.toMatchObject(refused);
    await expect(sut.put(origin, 'nobody', newFields(), [1])).rejects.toMatchObject(refused);
    await expect(sut.require('billing')).resolves.toMatchObject({ version: 1, rules: ['klavi/*'] });
    await expect(sut.patch(origin, 'billing', { rules: [] }, [1])).resolves.toMatchObject({ version: 2 });
  });

  it('should let one of two win that change the same version at once', async () => {
    await sut.put(origin, 'billing', newFields());
    const services = [sut, other.get(CallerService)];
    const ended = await Promise.allSettled(services.map((each) => each.patch(origin, 'billing', { rules: [] }, [1])));
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('should create a caller once where two create it at once', async () => {
    const services = [sut, other.get(CallerService), sut];
    const ended = await Promise.all(services.map((each) => each.put(origin, 'billing', newFields())));
    expect(ended.filter(({ created }) => created)).toHaveLength(1);
    await expect(sut.require('billing')).resolves.toMatchObject({ version: 3 });
  });

  it('should answer not found for callers and keys that are not there', async () => {
    const absent = { code: 'not_found' };
    await expect(sut.require('nobody')).rejects.toMatchObject(absent);
    await expect(sut.patch(origin, 'nobody', {})).rejects.toMatchObject(absent);
    await expect(sut.delete(origin, 'nobody')).rejects.toMatchObject(absent);
    await expect(keys.issue(origin, 'nobody', null)).rejects.toMatchObject(absent);
    await expect(keys.list('nobody', { limit: 1 })).rejects.toMatchObject(absent);
    await expect(keys.revoke(origin, 'nobody', 'abcdefghij01')).rejects.toMatchObject(absent);
  });

  it('should list by name, page by page', async () => {
    for (const name of ['c', 'a', 'd', 'b', 'e']) {
      await sut.put(origin, name, newFields());
    }
    const names: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await sut.list({ limit: 2, cursor });
      names.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    }
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('should record each change with its origin, the caller and the names of the fields', async () => {
    const { keyId } = await newKey(new Date('2030-01-01T00:00:00Z'));
    await sut.patch(origin, 'billing', { description: 'canary', roles: ['auditor'] });
    await keys.revoke(origin, 'billing', keyId);
    await sut.delete(origin, 'billing');
    const events = await recorded();
    expect(events.map(({ action, reason, fields }) => [action, reason, fields])).toEqual([
      ['caller.created', 'caller=billing', ['description', 'rules']],
      ['key.issued', `caller=billing key=${keyId}`, ['expires_at']],
      ['caller.updated', 'caller=billing', ['description', 'roles']],
      ['key.revoked', `caller=billing key=${keyId}`, []],
      ['caller.deleted', 'caller=billing', []],
    ]);
    expect(events[0]).toMatchObject({ ...origin, outcome: 'ok' });
    expect(JSON.stringify(events)).not.toContain('canary');
  });

  it('should undo a change that cannot be recorded', async () => {
    const issued = await newKey();
    await execute('alter table audit_events rename to hidden');
    try {
      const refused = { code: 'audit_unavailable' };
      await expect(sut.put(origin, 'new', newFields())).rejects.toMatchObject(refused);
      await expect(sut.patch(origin, 'billing', { rules: [] })).rejects.toMatchObject(refused);
      await expect(keys.revoke(origin, 'billing', issued.keyId)).rejects.toMatchObject(refused);
      await expect(sut.delete(origin, 'billing')).rejects.toMatchObject(refused);
    } finally {
      await execute('alter table hidden rename to audit_events');
    }
    await expect(sut.find('new')).resolves.toBeUndefined();
    await expect(sut.require('billing')).resolves.toMatchObject({ version: 1, rules: ['klavi/*'] });
    await expect(authenticator.authenticate(issued.key.reveal())).resolves.toMatchObject({ name: 'billing' });
  });
});
