import { AuditLog } from '@app/audit';
import { ApiKeyService, Authenticator, CallerService, NO_FIELDS } from '@app/callers';
import { type Connection, ConnectionsRepository, ConnectionService, ProviderService } from '@app/connections';
import { BrokerError, isBrokerError } from '@app/common';
import { ChangeFeed, Database, type Statement } from '@app/database';
import { Refresher, TokenService } from '@app/tokens';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { newInput } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { sql } from '../support/test-database.js';
import { granted, startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

const ACME = { provider: 'berbix', connection: 'acme' };
const GLOBEX = { provider: 'berbix', connection: 'globex' };
const inADay = (accessToken: string) => ({ accessToken, expiresAt: new Date(Date.now() + 86_400_000) });

describe('what a replica holds, at an administrative change on another one', () => {
  let reader: TokenReplica;
  let operator: TokenReplica;
  let connections: ConnectionService;
  /** What the reader read from the database. */
  let reads: string[];
  /** Its questions what changes touched. */
  const questions: Promise<unknown>[] = [];
  /** Readings of the change mark that it gets no answer to. */
  let unheard = 0;
  let isCutOff = false;

  beforeAll(async () => {
    [reader, operator] = await Promise.all([startTokenReplica(), startTokenReplica()]);
    connections = operator.module.get(ConnectionService);
    const repository = reader.module.get(ConnectionsRepository);
    const find = repository.find.bind(repository);
    jest.spyOn(repository, 'find').mockImplementation((name) => {
      reads.push(name.connection);
      return find(name);
    });
    const database = reader.module.get(Database);
    const query = database.query.bind(database);
    database.query = <Row extends object>(statement: Statement): Promise<Row[]> => {
      if (isCutOff && statement.name === 'change-mark') {
        unheard += 1;
        return Promise.reject(new BrokerError('storage_unavailable', 'The database does not answer.'));
      }
      const rows = query<Row>(statement);
      questions.push(...(statement.name === 'marked-changes' ? [rows] : []));
      return rows;
    };
  });

  afterAll(async () => {
    await reader.stop();
    await operator.stop();
  });

  /** The reader hears of all that was committed before, and of what it touched. */
  const hear = async (): Promise<void> => {
    await reader.module.get(AuditLog).append({ action: 'caller.updated', outcome: 'ok', ...SYSTEM });
    await Promise.all(questions);
    await new Promise((resolve) => setImmediate(resolve));
  };

  /** The token that the reader hands out, or why it does not. */
  async function ask({ provider, connection }: typeof ACME): Promise<string> {
    const caller = await reader.module.get(Authenticator).authenticate(key);
    const origin = { actor: { type: 'caller' as const, caller: caller.name, keyId: caller.keyId } };
    try {
      const request = { provider, connection, minTtlSeconds: 60 };
      return (await reader.module.get(TokenService).issue(caller, request, origin)).accessToken;
    } catch (error) {
      return isBrokerError(error) ? error.code : String(error);
    }
  }

  let key: string;

  beforeEach(async () => {
    reads = [];
    await connections.put(SYSTEM, ACME, newInput({ token: inADay('token-of-acme') }));
    await connections.put(SYSTEM, GLOBEX, newInput({ token: inADay('token-of-globex') }));
    await operator.module.get(CallerService).put(SYSTEM, 'shop', { ...NO_FIELDS, rules: ['berbix/*'] });
    key = (await operator.module.get(ApiKeyService).issue(SYSTEM, 'shop', null)).key.reveal();
    await hear();
    await ask(ACME);
    await ask(GLOBEX);
    reads.splice(0);
  });

  it('should be read anew where the change touched it, and stay where it did not', async () => {
    await connections.put(SYSTEM, ACME, newInput({ token: inADay('another-token') }));
    await hear();
    await expect(Promise.all([ask(ACME), ask(GLOBEX)])).resolves.toEqual(['another-token', 'token-of-globex']);
    expect(reads).toEqual(expect.not.arrayContaining(['globex']));
    expect(reads).toContain('acme');
  });

  it('should not be handed out where the change paused or deleted it', async () => {
    await connections.pause(SYSTEM, ACME);
    await hear();
    await expect(Promise.all([ask(ACME), ask(GLOBEX)])).resolves.toEqual(['connection_paused', 'token-of-globex']);
    await connections.delete(SYSTEM, ACME);
    await hear();
    await expect(Promise.all([ask(ACME), ask(GLOBEX)])).resolves.toEqual(['not_found', 'token-of-globex']);
    expect(reads).toEqual(expect.not.arrayContaining(['globex']));
  });

  it('should stay at changes of callers and keys', async () => {
    const { keyId } = await operator.module.get(ApiKeyService).issue(SYSTEM, 'shop', null);
    await operator.module.get(ApiKeyService).revoke(SYSTEM, 'shop', keyId);
    await hear();
    await expect(Promise.all([ask(ACME), ask(GLOBEX)])).resolves.toEqual(['token-of-acme', 'token-of-globex']);
    expect(reads).toEqual([]);
  });

  it('should be read anew at a change of its provider', async () => {
    await operator.module.get(ProviderService).patch(SYSTEM, 'berbix', { secrets: { api_secret: `secret-${key}` } });
    await hear();
    await expect(Promise.all([ask(ACME), ask(GLOBEX)])).resolves.toEqual(['token-of-acme', 'token-of-globex']);
    expect(reads.toSorted()).toEqual(['acme', 'globex']);
  });

  it('should be read anew where the change does not say what it touched, as one of the version before', async () => {
    await sql('update change_mark set value = value + 1');
    await hear();
    await expect(Promise.all([ask(ACME), ask(GLOBEX)])).resolves.toEqual(['token-of-acme', 'token-of-globex']);
    expect(reads.toSorted()).toEqual(['acme', 'globex']);
  });

  it('should stay at the end of an interruption, but for what another replica renewed meanwhile', async () => {
    isCutOff = true;
    const acme = (await operator.module.get(ConnectionsRepository).find(ACME)) as Connection;
    const renewed = operator.module.get(Refresher).renew(acme, { trigger: 'schedule', origin: SYSTEM });
    (await operator.provider.next()).answer(granted('renewed-token'));
    await renewed;
    // Longer than what is told at every reading anyway.
    await eventually(() => expect(unheard).toBeGreaterThanOrEqual(9), 15_000);
    isCutOff = false;
    const feed = reader.module.get(ChangeFeed);
    await eventually(() => expect(feed.isCurrent()).toBe(true));
    await expect(Promise.all([ask(ACME), ask(GLOBEX)])).resolves.toEqual(['renewed-token', 'token-of-globex']);
    expect(reads).toEqual(expect.not.arrayContaining(['globex']));
    expect(reads).toContain('acme');
  });

  it('should stay at changes before and after many others, of which few are remembered', async () => {
    await sql(`insert into marked_changes (mark) select value - 1500 + n from change_mark, generate_series(1, 400) n`);
    await connections.pause(SYSTEM, ACME);
    const [left] = await sql<{ count: number }>('select count(*)::int from marked_changes');
    expect(left?.count).toBeLessThanOrEqual(1000);
    await hear();
    await expect(ask(GLOBEX)).resolves.toBe('token-of-globex');
    expect(reads).toEqual([]);
  });
});
