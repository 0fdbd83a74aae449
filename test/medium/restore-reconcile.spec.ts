import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AttemptsRepository,
  ConnectionService,
  ConnectionsRepository,
  ProviderService,
  RestoreRepository,
  Spool,
} from '@app/connections';
import { Envelopes, writeKeyFile } from '@app/crypto';
import { ChangeFeed, Database, DatabaseModule } from '@app/database';
import { ConfigModule } from '@app/config';
import { AuditLog } from '@app/audit';
import { TokensModule } from '@app/tokens';
import type { OutboundAnswer } from '@app/providers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { runReconcile } from '../../apps/cli/src/reconcile.run.js';
import { decidedNow, newAttempt } from '../support/connections.js';
import { libraryConfig, silentLog, SilentLogModule, testFolder } from '../support/library.js';
import { sql } from '../support/test-database.js';
import { SYSTEM } from '../support/token-replica.js';

const HOUR = 3600 * 1000;

const newAnswer = (generation: number, body: object = {}): OutboundAnswer => ({
  status: 200,
  contentType: 'application/json',
  retryAfter: undefined,
  body: JSON.stringify({
    access_token: `a${generation + 1}`,
    refresh_token: `r${generation + 1}`,
    expires_in: 4 * 3600,
    ...body,
  }),
});

interface Told {
  readonly out: string;
  readonly err: string;
  readonly left: number;
}

/** Runs the command as a user does. */
const claviger = (keysFile: string, ...words: readonly string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const env = { PATH: process.env['PATH'], DATABASE_URL: process.env['DATABASE_URL'], KEYS_FILE: keysFile };
    execFile(process.execPath, [join(process.cwd(), 'bin/claviger.js'), ...words], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });

const newFolder = (): Promise<string> => mkdtemp(join(testFolder, 'spool-'));

describe('claviger reconcile', () => {
  let keysFile: string;
  let module: TestingModule;
  let id: string;
  let name: { readonly provider: string; readonly connection: string };

  beforeAll(async () => {
    keysFile = join(testFolder, 'keys.json');
    writeKeyFile(keysFile);
    module = await Test.createTestingModule({
      imports: [ConfigModule.with({ ...libraryConfig, keysFile }), SilentLogModule, DatabaseModule, TokensModule],
    }).compile();
    await module.get(ProviderService).put(SYSTEM, 'idp', {
      type: 'oauth2',
      settings: { token_url: 'https://auth.example/token', client_id: 'client' },
      secrets: { client_secret: 'secret' },
    });
  });

  afterAll(async () => {
    await module.get(AuditLog).close();
    module.get(ChangeFeed).stop();
    await module.get(Database).close();
  });

  /** A connection of which the database was restored at its first generation; it stored that a day ago. */
  beforeEach(async () => {
    await sql('delete from connections');
    ({ id, name } = await connect());
    await sql(`update database_identity set system_identifier = '1'`);
  });

  async function connect() {
    const own = { provider: 'idp', connection: `c-${randomUUID().slice(0, 8)}` };
    await module.get(ConnectionService).put(SYSTEM, own, { settings: {}, credential: { refresh_token: 'r1' } });
    await sql(`update connections set credential_updated_at = now() - interval '1 day' where name = $1`, [
      own.connection,
    ]);
    const [row] = await sql<{ id: string }>('select id from connections where name = $1', [own.connection]);
    return { id: row!.id, name: own };
  }
  const spoolAt = (spoolDir: string, ago = HOUR): Spool =>
    new Spool({ ...libraryConfig, spoolDir }, module.get(Envelopes), { now: () => Date.now() - ago }, silentLog);
  const attemptOf = (generation: number, connectionId = id) =>
    ({ id: randomUUID(), connectionId, generation, step: 'refresh', epoch: generation }) as const;
  /** What a replica kept of a refresh that its database held. */
  async function keep(spoolDir: string, generation: number, answer = newAnswer(generation), ago = HOUR): Promise<void> {
    const [spool, attempt] = [spoolAt(spoolDir, ago), attemptOf(generation)];
    await spool.prepare(attempt);
    await spool.keep(attempt, answer);
    await spool.adopted(attempt);
  }
  /** What a replica noted of a send that was not answered. */
  async function note(spoolDir: string, generation: number): Promise<string> {
    const attempt = attemptOf(generation);
    await spoolAt(spoolDir).prepare(attempt);
    return attempt.id;
  }
  async function audit(...events: readonly object[]): Promise<string> {
    const path = join(testFolder, `${randomUUID()}.ndjson`);
    const at = new Date(Date.now() - HOUR).toISOString();
    const lines = events.map((event) => JSON.stringify({ at, ...name, outcome: 'ok', reason: null, ...event }));
    await writeFile(path, `${lines.join('\n')}\n`);
    return path;
  }
  async function reconcile(input: { spools?: string[]; audits?: string[]; trustDatabase?: boolean; dryRun?: boolean }) {
    const told = { out: '', err: '' };
    const { left } = await runReconcile(
      { ...libraryConfig, keysFile },
      { spools: [], audits: [], trustDatabase: false, dryRun: false, ...input },
      { out: (text) => (told.out += text), err: (text) => (told.err += text) },
    );
    return { ...told, left } satisfies Told;
  }
  const find = async () => {
    const found = await module.get(ConnectionsRepository).find(name);
    return { ...found!, accessToken: found?.token?.accessToken.reveal() };
  };
  const sendable = async (generation: number): Promise<string | undefined> => {
    const request = await decidedNow(newAttempt(id, { generation, oneShot: true, irretrievable: true }));
    return (await module.get(AttemptsRepository).open(request))?.held['refresh_token']?.reveal();
  };
  const recorded = async () => {
    const rows = await sql<{ reason: string; generation: number }>(
      `select reason, generation from audit_lines where action = 'connection.reconciled' and connection = $1`,
      [name.connection],
    );
    return rows;
  };

  it('should release what no survivor knows anything newer of', async () => {
    const { out, left } = await reconcile({ spools: [await newFolder()] });
    expect([left, out]).toEqual([0, expect.stringMatching(new RegExp(`idp/${name.connection} +released +1 `))]);
    expect(await find()).toMatchObject({ state: 'active', trouble: null, generation: 1 });
    expect(await recorded()).toEqual([{ reason: 'nothing_newer', generation: 1 }]);
    expect(await sendable(1)).toBe('r1');
  });

  it('should renew what it releases before its token expires, though it was put off meanwhile', async () => {
    const token = { accessToken: 'old', expiresAt: new Date(Date.now() + HOUR / 2) };
    await module.get(ConnectionService).patch(SYSTEM, name, { credential: { refresh_token: 'r1' }, token });
    await sql(`update connections set refresh_at = now() + interval '1 hour'`);
    await reconcile({ spools: [await newFolder()] });
    const { refreshAt } = await find();
    expect(Math.abs((refreshAt ?? 0) - (token.expiresAt.getTime() - 60_000))).toBeLessThan(2000);
  });

  it('should adopt the newest answer of all folders, three generations on, and its token', async () => {
    const folders = [await newFolder(), await newFolder()];
    await keep(folders[0]!, 2);
    await keep(folders[1]!, 3);
    const { left, out } = await reconcile({ spools: folders });
    expect([left, out]).toEqual([0, expect.stringContaining('1 → 4')]);
    expect(await find()).toMatchObject({ state: 'active', generation: 4, accessToken: 'a4' });
    expect(await recorded()).toEqual([{ reason: 'answer_adopted', generation: 4 }]);
    expect(await sendable(4)).toBe('r4');
    expect((await readdir(folders[1]!)).some((file) => file.endsWith('.kept'))).toBe(true);
  });

  it('should adopt the credential of an answer whose token has died, to be renewed at once', async () => {
    const spool = await newFolder();
    await keep(spool, 3, newAnswer(3, { expires_in: 1800 }));
    await reconcile({ spools: [spool] });
    const found = await find();
    expect(found).toMatchObject({ state: 'active', generation: 4, token: null });
    expect(found.refreshAt).toBeLessThanOrEqual(Date.now());
    expect(await sendable(4)).toBe('r4');
  });

  it('should leave an adopted credential uncertain that was sent itself, as an attempt that was sent', async () => {
    const spool = await newFolder();
    await keep(spool, 3);
    const attempt = await note(spool, 4);
    await reconcile({ spools: [spool] });
    const found = await find();
    expect(found).toMatchObject({ state: 'uncertain', generation: 4, trouble: { reason: 'outcome_unknown' } });
    expect(Date.now() - (found.unsettled?.firstSentAt ?? 0)).toBeGreaterThan(HOUR - 60_000);
    expect(await sql('select outcome, generation from attempts where id = $1', [attempt])).toEqual([
      { outcome: 'abandoned', generation: 4 },
    ]);
  });

  it('should leave to recovery what was sent and not answered', async () => {
    const spool = await newFolder();
    await note(spool, 1);
    const { left } = await reconcile({ spools: [spool] });
    expect(left).toBe(0);
    expect(await find()).toMatchObject({
      state: 'uncertain',
      generation: 1,
      trouble: { reason: 'outcome_unknown' },
    });
    expect((await find()).unsettled).not.toBeNull();
  });

  it('should ask for a new credential where only the log knows of a use, and send nothing', async () => {
    const path = await audit(
      { action: 'refresh.started', outcome: 'started', generation: 3, reason: 'schedule_refresh' },
      { action: 'refresh.succeeded', generation: 3 },
    );
    const { left, out } = await reconcile({ audits: [path] });
    expect([left, out]).toEqual([1, expect.stringContaining('credential_needed')]);
    const found = await find();
    expect(found).toMatchObject({ state: 'reauthorization_required', trouble: { reason: 'credential_used' } });
    expect(await sendable(found.generation)).toBeUndefined();
  });

  it('should still adopt, in a later run, the answer that turned up', async () => {
    await reconcile({ audits: [await audit({ action: 'refresh.succeeded', generation: 3 })] });
    const spool = await newFolder();
    await keep(spool, 3);
    const { left } = await reconcile({ spools: [spool] });
    expect(left).toBe(0);
    expect(await find()).toMatchObject({ state: 'active', generation: 4, accessToken: 'a4' });
  });

  it('should let the log overrule a folder that is behind it', async () => {
    const spool = await newFolder();
    await keep(spool, 2);
    const { left } = await reconcile({
      spools: [spool],
      audits: [await audit({ action: 'refresh.succeeded', generation: 3 })],
    });
    expect(left).toBe(1);
    expect(await find()).toMatchObject({ state: 'reauthorization_required' });
  });

  it('should keep serving the token that a connection without a credential holds', async () => {
    const token = { accessToken: 'old', expiresAt: new Date(Date.now() + HOUR) };
    await module.get(ConnectionService).patch(SYSTEM, name, { credential: { refresh_token: 'r1' }, token });
    await sql(`update connections set credential_updated_at = now() - interval '1 day'`);
    await reconcile({ audits: [await audit({ action: 'refresh.succeeded', generation: 4 })] });
    expect(await find()).toMatchObject({ state: 'reauthorization_required', generation: 4, accessToken: 'old' });
  });

  it('should keep a token that lives on where the one that came with the newer credential has died', async () => {
    const token = { accessToken: 'old', expiresAt: new Date(Date.now() + HOUR) };
    await module.get(ConnectionService).patch(SYSTEM, name, { credential: { refresh_token: 'r1' }, token });
    await sql(`update connections set credential_updated_at = now() - interval '1 day'`);
    const spool = await newFolder();
    await keep(spool, 3, newAnswer(3, { expires_in: 60 }));
    await reconcile({ spools: [spool] });
    expect(await find()).toMatchObject({ state: 'active', generation: 4, accessToken: 'old' });
    expect(await sendable(4)).toBe('r4');
  });

  it('should not take an answer of an earlier life for one of a credential that was stored since', async () => {
    const spool = await newFolder();
    await keep(spool, 20, newAnswer(20), 48 * HOUR);
    await reconcile({ spools: [spool] });
    expect(await find()).toMatchObject({ state: 'active', generation: 1 });
    expect(await sendable(1)).toBe('r1');
  });

  it('should leave what cannot be read, and say why', async () => {
    const spool = await newFolder();
    await keep(spool, 3, newAnswer(3, { access_token: undefined, refresh_token: undefined }));
    const { left, out } = await reconcile({ spools: [spool] });
    expect([left, out]).toEqual([1, expect.stringContaining('unknown: no_token')]);
    expect(await find()).toMatchObject({
      state: 'uncertain',
      generation: 1,
      trouble: { reason: 'database_restored' },
    });
  });

  it('should leave a paused connection paused', async () => {
    await module.get(ConnectionService).pause(SYSTEM, name);
    const spool = await newFolder();
    await keep(spool, 3);
    await reconcile({ spools: [spool] });
    expect(await find()).toMatchObject({ state: 'paused', generation: 4, trouble: null });
  });

  it('should release everything where the operator trusts the database', async () => {
    const { left } = await reconcile({ trustDatabase: true });
    expect(left).toBe(0);
    expect(await find()).toMatchObject({ state: 'active', generation: 1 });
    expect(await recorded()).toEqual([{ reason: 'database_trusted', generation: 1 }]);
  });

  it('should not doubt again, by what a spool knows, what the operator trusts', async () => {
    const spool = await newFolder();
    await keep(spool, 3);
    await reconcile({ trustDatabase: true });
    await reconcile({ spools: [spool] });
    expect(await find()).toMatchObject({ state: 'active', generation: 1 });
  });

  it('should change nothing in a dry run, and tell the same', async () => {
    await expect(reconcile({ trustDatabase: true, dryRun: true })).rejects.toMatchObject({ code: 'conflict' });
    const spool = await newFolder();
    await keep(spool, 3);
    await sql(`update connections set state = 'uncertain', state_reason = 'database_restored'`);
    await module
      .get(RestoreRepository)
      .finish((await module.get(RestoreRepository).look()).actual, () => Promise.resolve());
    const { out, err } = await reconcile({ spools: [spool], dryRun: true });
    expect(out).toContain('adopted');
    expect(err).toContain('Nothing was changed');
    expect(await find()).toMatchObject({ state: 'uncertain', generation: 1 });
    expect(await recorded()).toEqual([]);
  });

  it('should find out from the folders alone that the same cluster is older', async () => {
    const { actual, epoch } = await module.get(RestoreRepository).look();
    await sql('update database_identity set system_identifier = $1, timeline = $2', [
      actual.systemIdentifier,
      actual.timeline,
    ]);
    const folders = [await newFolder(), await newFolder()];
    await spoolAt(folders[1]!).follow({ database: actual, epoch: epoch + 3 });
    await keep(folders[0]!, 3);
    await reconcile({ spools: folders });
    expect(await find()).toMatchObject({ state: 'active', generation: 4 });
    const [row] = await sql<{ reason: string }>(
      `select reason from audit_lines where action = 'database.restored' order by at desc limit 1`,
    );
    expect(row?.reason).toBe('older_epoch quarantined=1');
  });

  it('should have nothing to do where nothing waits', async () => {
    await reconcile({ trustDatabase: true });
    const { out, left } = await reconcile({ trustDatabase: true });
    expect([left, out]).toEqual([0, 'No connection waits to be reconciled.\n']);
  });

  it.each([
    ['a folder that is not there', async () => ({ spools: [join(testFolder, 'none')] }), 'cannot be read (ENOENT)'],
    ['a log that is not there', async () => ({ audits: [join(testFolder, 'none')] }), 'cannot be read (ENOENT)'],
    ['a log with something else in it', async () => ({ audits: [await audit({ action: 7 })] }), 'Line 1 of'],
  ])('should do nothing with %s', async (_, inputOf, message) => {
    await expect(reconcile(await inputOf())).rejects.toMatchObject({ message: expect.stringContaining(message) });
    expect(await recorded()).toEqual([]);
  });

  it('should do nothing where a file of the spool is damaged: what it knew is not known', async () => {
    const spool = await newFolder();
    await keep(spool, 3);
    await writeFile(join(spool, `${randomUUID()}.kept`), '{"version":1');
    await expect(reconcile({ spools: [spool] })).rejects.toMatchObject({
      message: expect.stringContaining('damaged'),
    });
    expect(await find()).toMatchObject({ generation: 1 });
  });

  describe('as a command', () => {
    it('should end with 1 where something is left, and with 0 where nothing is', async () => {
      const path = await audit({ action: 'refresh.succeeded', generation: 1 });
      const first = await claviger(keysFile, 'reconcile', '--audit', path);
      expect([first.code, first.out]).toEqual([1, expect.stringContaining('credential_needed')]);
      const spool = await newFolder();
      await keep(spool, 1);
      const second = await claviger(keysFile, 'reconcile', '--spool', spool, '--audit', path);
      expect([second.code, second.out]).toEqual([0, expect.stringContaining('adopted')]);
      expect(await find()).toMatchObject({ state: 'active', generation: 2 });
      expect(`${first.out}${first.err}${second.out}${second.err}`).not.toMatch(/\b(r2|a2)\b|secret"/);
    }, 30_000);

    it.each([[['reconcile']], [['reconcile', '--trust-database', '--spool', '/tmp']]])(
      'should ask what to go by: %j',
      async (words) => {
        await expect(claviger(keysFile, ...words)).resolves.toMatchObject({
          code: 1,
          err: expect.stringContaining('--spool'),
        });
      },
      30_000,
    );
  });
});
