import { Envelopes, generateKeyFile, Keyring } from '@app/crypto';
import { describe, expect, it } from '@jest/globals';
import type { SpooledAnswer, SpoolEntry } from './spool-entry.js';
import {
  formatAnswer,
  formatIntent,
  isDraft,
  nameOf,
  nameOfDraft,
  openAnswer,
  parseEntries,
  parseName,
  placeOf,
} from './spool-file.js';

const ATTEMPT = '3f0f9f4e-7f11-4a55-9f6a-0a4f4f1f2c01';
const CONNECTION = '3f0f9f4e-7f11-4a55-9f6a-0a4f4f1f2c02';
const keyring = new Keyring(generateKeyFile());
const envelopes = new Envelopes(keyring);

const newEntry = (overrides: Partial<SpoolEntry> = {}): SpoolEntry => ({
  kind: 'answer',
  attempt: ATTEMPT,
  connectionId: CONNECTION,
  generation: 7,
  epoch: 12,
  database: { systemIdentifier: '7400000000000000001', timeline: 2 },
  sentAt: Date.parse('2026-11-21T10:00:00.123Z'),
  answeredAt: Date.parse('2026-11-21T10:00:01.456Z'),
  sealedWith: keyring.primary.id,
  ...overrides,
});

const spooled: SpooledAnswer = {
  step: 'refresh',
  answer: {
    status: 200,
    contentType: 'application/json',
    retryAfter: undefined,
    body: '{"access_token":"canary-é","id":9007199254740993123}',
  },
};

const formatted = async (entry: SpoolEntry): Promise<string> =>
  formatAnswer(entry, spooled, await envelopes.prepare(placeOf(entry)));

const changed = (text: string, changes: object): string => JSON.stringify({ ...JSON.parse(text), ...changes });

describe('a file of the spool', () => {
  it.each([newEntry(), newEntry({ epoch: null, database: null }), newEntry({ kind: 'kept' })])(
    'should come back as it was written: %j',
    async (entry) => {
      const text = await formatted(entry);
      expect(parseEntries(nameOf(ATTEMPT, entry.kind), text)).toEqual([entry]);
      await expect(openAnswer(entry, text, envelopes)).resolves.toEqual(spooled);
    },
  );

  it('should come back as the note that it was', () => {
    const intent = newEntry({ kind: 'intent', answeredAt: null, sealedWith: null });
    expect(parseEntries(nameOf(ATTEMPT, 'intent'), formatIntent(intent))).toEqual([intent]);
  });

  it('should hold the notes that were written together, and bear the name of the first', () => {
    const first = newEntry({ kind: 'intent', answeredAt: null, sealedWith: null });
    const second = { ...first, attempt: CONNECTION, generation: 8 };
    const text = `${formatIntent(first)}${formatIntent(second)}`;
    expect(parseEntries(nameOf(ATTEMPT, 'intent'), text)).toEqual([first, second]);
    expect(() => parseEntries(nameOf(CONNECTION, 'intent'), text)).toThrow('damaged');
    expect(() => parseEntries(nameOf(ATTEMPT, 'intent'), `${text}{"version":1}\n`)).toThrow('damaged');
    expect(() => parseEntries(nameOf(ATTEMPT, 'intent'), '')).toThrow('damaged');
  });

  it('should hold one answer', async () => {
    const text = await formatted(newEntry());
    expect(() => parseEntries(nameOf(ATTEMPT, 'answer'), `${text}${text}`)).toThrow('JSON');
  });

  it('should show ids, generations and times, and nothing of the answer', async () => {
    const text = await formatted(newEntry());
    const { sealed, ...readable } = JSON.parse(text) as Record<string, unknown>;
    expect(readable).toEqual({
      version: 1,
      attempt: ATTEMPT,
      connection: CONNECTION,
      generation: 7,
      epoch: 12,
      system_identifier: '7400000000000000001',
      timeline: 2,
      sent_at: '2026-11-21T10:00:00.123Z',
      answered_at: '2026-11-21T10:00:01.456Z',
    });
    expect(Buffer.from(String(sealed), 'base64').toString('latin1')).not.toMatch(/canary|access_token|refresh|200/);
  });

  it.each([
    ['another attempt', { attempt: CONNECTION }],
    ['another version', { version: 2 }],
    ['no connection', { connection: '../../etc' }],
    ['no generation', { generation: 'seven' }],
    ['no time', { sent_at: 'yesterday' }],
    ['no time of the answer', { answered_at: null }],
    ['no answer', { sealed: null }],
  ])('should be refused where it names %s', async (_, changes) => {
    const text = changed(await formatted(newEntry()), changes);
    expect(() => parseEntries(nameOf(ATTEMPT, 'answer'), text)).toThrow('damaged');
  });

  it('should be refused where only a part of it was written', async () => {
    const text = await formatted(newEntry());
    expect(() => parseEntries(nameOf(ATTEMPT, 'answer'), text.slice(0, 200))).toThrow('JSON');
  });

  it.each([
    ['generation', newEntry({ generation: 8 })],
    ['attempt', newEntry({ attempt: CONNECTION })],
    ['connection', newEntry({ connectionId: ATTEMPT })],
  ])('should not open where somebody changed its %s', async (_, entry) => {
    const text = await formatted(newEntry());
    await expect(openAnswer(entry, text, envelopes)).rejects.toThrow(/does not open|another connection/);
  });
});

describe('a name in the spool folder', () => {
  it('should be told from other files', () => {
    expect(parseName(`${ATTEMPT}.kept`)).toEqual({ attempt: ATTEMPT, kind: 'kept' });
    const others = [
      'epoch.json',
      '.answer',
      `${ATTEMPT}.other`,
      `${ATTEMPT}.answer.tmp`,
      `x${ATTEMPT}.answer`,
      'lost+found',
    ];
    expect(others.map(parseName)).toEqual(others.map(() => undefined));
  });

  it('should tell what was being written', () => {
    const draft = `${ATTEMPT}.answer.0a1b2c3d4e5f.tmp`;
    expect([isDraft(draft), nameOfDraft(draft)]).toEqual([true, `${ATTEMPT}.answer`]);
    expect([isDraft('notes.tmp'), nameOfDraft('notes.tmp')]).toEqual([false, undefined]);
  });
});
