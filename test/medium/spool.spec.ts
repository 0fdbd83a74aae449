import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, Secret } from '@app/common';
import { Spool, type SpooledAttempt } from '@app/connections';
import { Envelopes, generateKeyFile, Keyring } from '@app/crypto';
import type { OutboundAnswer } from '@app/providers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { libraryConfig } from '../support/library.js';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const DAY = 24 * 3600 * 1000;
const DATABASE = { systemIdentifier: '7400000000000000001', timeline: 1 };
const keyFile = generateKeyFile();
const keyring = new Keyring(keyFile);
const envelopes = new Envelopes(keyring);

const newAttempt = (overrides: Partial<SpooledAttempt> = {}): SpooledAttempt => ({
  id: randomUUID(),
  connectionId: randomUUID(),
  generation: 7,
  step: 'refresh',
  epoch: 12,
  ...overrides,
});

const newAnswer = (body = '{"access_token":"canary"}'): OutboundAnswer => ({
  status: 200,
  contentType: 'application/json',
  retryAfter: undefined,
  body,
});

const pendingOf = async (sut: Spool): Promise<readonly string[]> => (await sut.pending()).map(({ attempt }) => attempt);

/** Three attempts whose notes came together. */
const threeOf = async (sut: Spool) => {
  const attempts = [newAttempt(), newAttempt(), newAttempt()] as const;
  await Promise.all(attempts.map((attempt) => sut.prepare(attempt)));
  return attempts;
};

const knownOf = (sut: Spool): number => sut.knownEpochs().of(DATABASE);

describe(Spool.name, () => {
  let folder: string;
  let now: number;
  let lines: string[];

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'claviger-spool-')), 'spool');
    now = NOW;
    lines = [];
  });

  afterEach(async () => {
    await rm(join(folder, '..'), { recursive: true, force: true });
  });

  /** The spool as a process finds it that starts now. */
  const start = async (path = folder, keys = envelopes): Promise<Spool> => {
    const log = createLog('debug', { write: (line: string) => void lines.push(line) });
    const timing = { ...libraryConfig.timing, replayEveryMs: 0 };
    const sut = new Spool({ ...libraryConfig, spoolDir: path, timing }, keys, { now: () => now }, log);
    await sut.open();
    return sut;
  };
  const files = async (): Promise<readonly string[]> => (await readdir(folder)).toSorted();

  it('should make its folder and its files for their owner alone', async () => {
    const sut = await start();
    const attempt = newAttempt();
    await sut.prepare(attempt);
    await sut.keep(attempt, newAnswer());
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const modes = await Promise.all((await files()).map(async (name) => (await stat(join(folder, name))).mode & 0o777));
    expect(modes).toEqual([0o600, 0o600]);
  });

  it('should have the note and the answer after a crash, readable only with the key', async () => {
    const attempt = newAttempt();
    const dying = await start();
    await dying.follow({ database: DATABASE, epoch: 11 });
    await dying.prepare(attempt);
    now += 1500;
    await dying.keep(attempt, newAnswer());
    const sut = await start();
    const [entry] = await sut.pending();
    expect(entry).toEqual({
      kind: 'answer',
      attempt: attempt.id,
      connectionId: attempt.connectionId,
      generation: 7,
      epoch: 12,
      database: DATABASE,
      sentAt: NOW,
      answeredAt: NOW + 1500,
      sealedWith: keyring.primary.id,
    });
    await expect(sut.read(entry!)).resolves.toEqual({ step: 'refresh', answer: newAnswer() });
    const texts = await Promise.all((await files()).map((name) => readFile(join(folder, name), 'latin1')));
    expect(texts.join()).not.toMatch(/canary|access_token/);
    const stranger = await start(folder, new Envelopes(new Keyring(generateKeyFile())));
    const [same] = await stranger.pending();
    await expect(stranger.read(same!)).resolves.toBeUndefined();
    expect(lines.join()).toMatch(/does not open/);
    await expect(pendingOf(stranger)).resolves.toEqual([attempt.id]);
  });

  it('should keep one adopted answer a connection, and let it outlive its notes', async () => {
    const connectionId = randomUUID();
    const sut = await start();
    const attempts = [7, 8].map((generation) => newAttempt({ connectionId, generation }));
    const unknown = newAttempt({ connectionId, generation: 7 });
    await sut.prepare(unknown);
    for (const attempt of attempts) {
      await sut.prepare(attempt);
      await sut.keep(attempt, newAnswer());
      await sut.adopted(attempt);
    }
    expect(await files()).toEqual([`${attempts[1]?.id}.kept`]);
    await expect(pendingOf(await start())).resolves.toEqual([]);
    expect((await start()).newestOf(connectionId)).toEqual({ generation: 8, adopted: true, sentAt: NOW });
  });

  const keepOne = async (): Promise<SpooledAttempt> => {
    const attempt = newAttempt();
    const sut = await start();
    await sut.prepare(attempt);
    await sut.keep(attempt, newAnswer());
    await sut.adopted(attempt);
    return attempt;
  };

  describe('after a rotation of the encryption key', () => {
    const [first] = keyring.first;
    const next = { id: 'k-next', state: 'pending', key: new Secret(randomBytes(32).toString('base64')) } as const;
    const rotated = new Keyring({
      ...keyFile,
      encryption: {
        keys: [
          ...keyFile.encryption.keys.map((key) => ({ ...key, state: 'decrypt_only' as const })),
          { ...next, state: 'primary' },
        ],
      },
    });

    it('should say which keys it needs, until it has brought its answers under the new one', async () => {
      const attempt = await keepOne();
      const sut = await start(folder, new Envelopes(rotated));
      expect(sut.keyIds()).toEqual([first?.id]);
      await sut.rewrap('k-next', 10);
      expect(sut.keyIds()).toEqual(['k-next']);
      expect(await files()).toEqual([`${attempt.id}.kept`]);
      const later = await start(
        folder,
        new Envelopes(new Keyring({ ...keyFile, encryption: { keys: [{ ...next, state: 'primary' }] } })),
      );
      expect(later.keyIds()).toEqual(['k-next']);
      const entry = { kind: 'kept', attempt: attempt.id, connectionId: attempt.connectionId, generation: 7 } as const;
      await expect(
        later.read({ ...entry, epoch: 12, database: null, sentAt: NOW, answeredAt: NOW, sealedWith: null }),
      ).resolves.toMatchObject({ step: 'refresh', answer: newAnswer() });
    });

    it('should need no key for an answer that does not open, and leave it', async () => {
      const attempt = await keepOne();
      const name = join(folder, `${attempt.id}.kept`);
      const text = await readFile(name, 'utf8');
      const changed = text.replace('"generation":7', '"generation":8');
      await writeFile(name, changed);
      const sut = await start(folder, new Envelopes(rotated));
      await sut.rewrap('k-next', 10);
      expect(sut.keyIds()).toEqual([]);
      expect(await readFile(name, 'utf8')).toBe(changed);
      expect(lines.join('\n')).toContain('An answer in the spool does not open; it is left as it is.');
    });
  });

  it('should not let an older answer that is adopted late take the place of a newer one', async () => {
    const connectionId = randomUUID();
    const [late, newer] = [7, 8].map((generation) => newAttempt({ connectionId, generation }));
    const sut = await start();
    for (const attempt of [late!, newer!]) {
      await sut.prepare(attempt);
      await sut.keep(attempt, newAnswer());
    }
    await sut.adopted(newer!);
    await sut.adopted(late!);
    expect(await files()).toEqual([`${newer?.id}.kept`]);
  });

  it('should remove an adopted answer that can be had again', async () => {
    const sut = await start();
    const attempt = newAttempt({ epoch: null });
    await sut.prepare(attempt);
    await sut.keep(attempt, newAnswer());
    await sut.adopted(attempt);
    expect(await files()).toEqual([]);
    expect(sut.newestOf(attempt.connectionId)).toBeUndefined();
  });

  it('should not gather notes of attempts that were repeated', async () => {
    const sut = await start();
    const connectionId = randomUUID();
    const [unknown, repeated] = [newAttempt({ connectionId, epoch: null }), newAttempt({ connectionId, epoch: null })];
    await sut.prepare(unknown);
    await sut.prepare(repeated);
    await sut.keep(repeated, newAnswer());
    await sut.adopted(repeated);
    expect(await files()).toEqual([]);
  });

  it('should not gather answers that were superseded, whichever process left them', async () => {
    const connectionId = randomUUID();
    const newRepeated = (): SpooledAttempt => newAttempt({ connectionId, epoch: null });
    const [other, sut] = [await start(), await start()];
    const left = newRepeated();
    await other.prepare(left);
    await other.keep(left, newAnswer());
    await sut.pending();
    const [unread, crossing, good] = [newRepeated(), newRepeated(), newRepeated()];
    await sut.prepare(unread);
    await sut.keep(unread, newAnswer());
    now += 1000;
    await sut.prepare(good);
    await sut.prepare(crossing);
    now += 1000;
    await sut.keep(crossing, newAnswer());
    await sut.keep(good, newAnswer());
    await sut.adopted(good);
    // What came while the adopted one was on its way may be the later one.
    expect(await files()).toEqual([`${crossing.id}.answer`]);
    await expect(pendingOf(sut)).resolves.toEqual([crossing.id]);
  });

  it('should know that a credential was used whose answer could not be kept', async () => {
    const sut = await start();
    const attempt = newAttempt();
    await sut.prepare(attempt);
    await sut.adopted(attempt);
    expect((await start()).newestOf(attempt.connectionId)).toMatchObject({ generation: 7, adopted: false });
  });

  it('should leave nothing of an attempt that came to nothing', async () => {
    const sut = await start();
    const attempt = newAttempt();
    await sut.prepare(attempt);
    await sut.keep(attempt, newAnswer());
    await sut.discard(attempt);
    await sut.discard(newAttempt());
    expect(await files()).toEqual([]);
  });

  it('should not count a token to live from its answer on where nobody noted when it was sent', async () => {
    const sut = await start();
    await sut.keep(newAttempt({ epoch: null }), newAnswer());
    const [entry] = await sut.pending();
    expect(entry?.sentAt).toBe(NOW - libraryConfig.timing.deadlineMs);
  });

  it('should bear a hundred attempts at once', async () => {
    const sut = await start();
    const attempts = Array.from({ length: 100 }, (_, index) => newAttempt({ epoch: index + 1 }));
    await Promise.all(
      attempts.map(async (attempt, index) => {
        await sut.prepare(attempt);
        await sut.keep(attempt, newAnswer(`{"n":${index}}`));
        await (index % 2 === 0 ? sut.adopted(attempt) : undefined);
      }),
    );
    const restarted = await start();
    const pending = await restarted.pending();
    expect(pending).toHaveLength(50);
    const bodies = await Promise.all(pending.map(async (entry) => (await restarted.read(entry))?.answer.body));
    expect(new Set(bodies).size).toBe(50);
    expect((await files()).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('should share its folder with another process without harm', async () => {
    const [one, other] = [await start(), await start()];
    const attempt = newAttempt();
    await one.prepare(attempt);
    await one.keep(attempt, newAnswer());
    await expect(pendingOf(other)).resolves.toEqual([attempt.id]);
    await other.adopted(attempt);
    await one.adopted(attempt);
    expect(await files()).toContain(`${attempt.id}.kept`);
    await expect(pendingOf(one)).resolves.toEqual([]);
  });

  describe('notes that come together', () => {
    it('should be one file, which goes with the last of them', async () => {
      const sut = await start();
      const [first, second, third] = await threeOf(sut);
      expect(await files()).toEqual([`${first.id}.intent`]);
      await sut.discard(first);
      await sut.keep(second, newAnswer());
      await sut.adopted(second);
      expect(await files()).toEqual([`${first.id}.intent`, `${second.id}.kept`].toSorted());
      await sut.discard(third);
      expect(await files()).toEqual([`${second.id}.kept`]);
    });

    it('should each be known after a crash, and go with the answers that were found', async () => {
      const dying = await start();
      const attempts = await threeOf(dying);
      const [first, second, third] = attempts;
      await dying.keep(third, newAnswer());
      const sut = await start();
      for (const { connectionId } of attempts) {
        expect(sut.newestOf(connectionId)).toEqual({ generation: 7, adopted: false, sentAt: NOW });
      }
      await sut.adopted(third);
      await sut.discard(first);
      expect(await files()).toContain(`${first.id}.intent`);
      await sut.discard(second);
      expect(await files()).toEqual([`${third.id}.kept`]);
    });

    it('should stay where another process wrote them: it may need the others', async () => {
      const [one, other] = [await start(), await start()];
      const [first, second, third] = await threeOf(one);
      await one.keep(first, newAnswer());
      await expect(pendingOf(other)).resolves.toEqual([first.id]);
      await other.adopted(first);
      expect(await files()).toEqual([`${first.id}.intent`, `${first.id}.kept`]);
      await one.adopted(first);
      const restarted = await start();
      expect(restarted.newestOf(second.connectionId)).toMatchObject({ adopted: false });
      await one.discard(second);
      await one.discard(third);
      expect(await files()).toEqual([`${first.id}.kept`]);
    });

    it('should all be refused where their file cannot be written', async () => {
      const sut = await start();
      await rm(folder, { recursive: true });
      await writeFile(folder, '');
      const outcomes = await Promise.allSettled([sut.prepare(newAttempt()), sut.prepare(newAttempt())]);
      const refused = { status: 'rejected', reason: expect.objectContaining({ code: 'storage_unavailable' }) };
      expect(outcomes).toEqual([refused, refused]);
    });
  });

  it('should find an answer that its process did not live to give its name', async () => {
    const attempt = newAttempt();
    const dying = await start();
    await dying.keep(attempt, newAnswer());
    const text = await readFile(join(folder, `${attempt.id}.answer`), 'utf8');
    const [whole, torn] = [attempt.id, randomUUID()].map((id) => `${id}.answer.0123456789ab.tmp`);
    await rm(join(folder, `${attempt.id}.answer`));
    await writeFile(join(folder, whole ?? ''), text);
    await writeFile(join(folder, torn ?? ''), text.slice(0, 50));
    // However soon it is back: its token was consumed a moment ago.
    await expect(pendingOf(await start())).resolves.toEqual([attempt.id]);
    expect(await files()).toContain(torn);
  });

  it('should leave what is damaged or none of its own, and say so once', async () => {
    await mkdir(folder, { mode: 0o700 });
    const strange = [`${randomUUID()}.answer`, `${randomUUID()}.kept`, 'notes.txt'];
    await Promise.all(strange.map((name) => writeFile(join(folder, name), '{"version":1,')));
    const sut = await start();
    await sut.pending();
    await sut.pending();
    expect(await files()).toEqual(strange.toSorted());
    expect(lines.filter((line) => line.includes('damaged'))).toHaveLength(2);
    expect(lines.filter((line) => line.includes('none of its own'))).toHaveLength(1);
  });

  it('should refuse to be ready where it cannot be written, and say which folder', async () => {
    const file = join(folder, '..', 'file');
    await writeFile(file, '');
    const sut = await start(join(file, 'spool'));
    expect(lines.join()).toContain('The spool folder cannot be used');
    await expect(sut.prepare(newAttempt())).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringContaining(join(file, 'spool')),
    });
  });

  it('should be ready again once its folder can be written', async () => {
    const sut = await start();
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    await expect(sut.prepare(newAttempt())).rejects.toMatchObject({ code: 'storage_unavailable' });
    await rm(folder);
    await expect(sut.prepare(newAttempt())).resolves.toBeUndefined();
  });

  it('should warn of a folder that others may look into', async () => {
    await mkdir(folder);
    await chmod(folder, 0o755);
    await start();
    expect(lines.join()).toContain('make it 0700');
  });

  describe('epochs', () => {
    it('should be known after a restart, from the file and from what was sent since', async () => {
      const dying = await start();
      await dying.follow({ database: DATABASE, epoch: 40 });
      expect(knownOf(await start())).toBe(40);
      await dying.prepare(newAttempt({ epoch: 41 }));
      expect(knownOf(await start())).toBe(41);
    });

    it('should never go back, and count for their database alone', async () => {
      const sut = await start();
      await sut.follow({ database: DATABASE, epoch: 40 });
      await sut.follow({ database: DATABASE, epoch: 12 });
      expect(knownOf(await start())).toBe(40);
      await sut.follow({ database: { ...DATABASE, timeline: 2 }, epoch: 3 });
      const restarted = await start();
      expect([knownOf(restarted), restarted.knownEpochs().of({ ...DATABASE, timeline: 2 })]).toEqual([0, 3]);
    });

    it('should be written only where they grew', async () => {
      const sut = await start();
      await sut.follow({ database: DATABASE, epoch: 40 });
      const { mtimeMs } = await stat(join(folder, 'epoch.json'));
      await sut.follow({ database: DATABASE, epoch: 40 });
      expect((await stat(join(folder, 'epoch.json'))).mtimeMs).toBe(mtimeMs);
    });
  });

  it('should forget what is old of connections that are gone, and nothing else', async () => {
    const sut = await start();
    const [old, fresh] = [newAttempt(), newAttempt()];
    await sut.prepare(old);
    now += 31 * DAY;
    await sut.prepare(fresh);
    expect(sut.longKnown()).toEqual([old.connectionId]);
    await sut.forget([old.connectionId, fresh.connectionId]);
    expect(await files()).toEqual([`${fresh.id}.intent`]);
  });
});
