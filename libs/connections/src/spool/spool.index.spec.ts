import { describe, expect, it } from '@jest/globals';
import type { SpoolEntry } from './spool-entry.js';
import { isNewer, isOfEarlierCredential, outlivedBy, SpoolIndex, supersededBy } from './spool.index.js';

const NOW = Date.parse('2026-11-21T10:00:00Z');
let made = 0;

const newEntry = (overrides: Partial<SpoolEntry> = {}): SpoolEntry => ({
  kind: 'intent',
  attempt: `a-${(made += 1)}`,
  connectionId: 'c-1',
  generation: 7,
  epoch: made,
  database: null,
  sentAt: NOW,
  answeredAt: null,
  sealedWith: null,
  ...overrides,
});

const indexOf = (...entries: readonly SpoolEntry[]): SpoolIndex => {
  const sut = new SpoolIndex();
  entries.forEach((entry) => sut.add(entry));
  return sut;
};

describe(SpoolIndex.name, () => {
  it('should know nothing of a connection that it has not seen', () => {
    expect(indexOf(newEntry({ connectionId: 'c-2' })).newestOf('c-1')).toBeUndefined();
  });

  it('should tell the highest generation, whether it was answered or not', () => {
    const sut = indexOf(
      newEntry({ kind: 'kept', generation: 7 }),
      newEntry({ generation: 8 }),
      newEntry({ generation: 3 }),
    );
    expect(sut.newestOf('c-1')).toEqual({ generation: 8, adopted: false, sentAt: NOW });
  });

  it('should tell of one generation that it was adopted, though other attempts at it were not', () => {
    const sut = indexOf(newEntry({ sentAt: NOW + 1 }), newEntry({ kind: 'kept' }), newEntry({ kind: 'answer' }));
    expect(sut.newestOf('c-1')).toMatchObject({ generation: 7, adopted: true });
  });

  it('should not count what may be sent again', () => {
    expect(indexOf(newEntry({ kind: 'answer', epoch: null })).newestOf('c-1')).toBeUndefined();
  });

  it('should forget what was removed, and its connection with the last of it', () => {
    const entry = newEntry();
    const sut = indexOf(entry);
    sut.remove(entry);
    expect([sut.newestOf('c-1'), sut.all(), sut.of('c-1')]).toEqual([undefined, [], []]);
  });
});

describe(outlivedBy.name, () => {
  it('should outlive older answers and notes, and no answer that waits or note of a later generation', () => {
    const older = newEntry({ kind: 'kept', generation: 6 });
    const note = newEntry({ generation: 7 });
    const stays = [
      newEntry({ kind: 'kept', generation: 7 }),
      newEntry({ kind: 'answer', generation: 6 }),
      newEntry({ generation: 8 }),
    ];
    expect(outlivedBy([note, older, ...stays])).toEqual([older, note]);
  });

  it('should outlive nothing where nothing was adopted', () => {
    expect(outlivedBy([newEntry(), newEntry({ kind: 'answer' })])).toEqual([]);
  });
});

describe(supersededBy.name, () => {
  const adopted = newEntry({ kind: 'answer', epoch: null, sentAt: NOW, answeredAt: NOW + 500 });
  const newAnswer = (overrides: Partial<SpoolEntry> = {}): SpoolEntry =>
    newEntry({ kind: 'answer', epoch: null, sentAt: NOW - 2000, answeredAt: NOW - 1000, ...overrides });

  it('should take notes up to its generation, and answers that were there before it was sent', () => {
    const superseded = [newAnswer(), newAnswer({ generation: 6 }), newEntry({ epoch: null, sentAt: NOW + 100 })];
    expect(supersededBy(adopted, [adopted, ...superseded])).toEqual(superseded);
  });

  it.each<readonly [string, Partial<SpoolEntry>]>([
    ['that came while it was on its way', { answeredAt: NOW + 100 }],
    ['that came in the very moment in which it was sent', { answeredAt: NOW }],
    ['of a later generation', { generation: 8 }],
    ['of a credential that can be used only once', { epoch: 12 }],
    ['of such a credential and an earlier generation', { epoch: 12, generation: 6 }],
    ['that was adopted, and is the newest of a credential that can be used only once', { kind: 'kept', epoch: 12 }],
  ])('should take no answer %s', (_what, overrides) => {
    expect(supersededBy(adopted, [newAnswer(overrides)])).toEqual([]);
  });
});

describe(isNewer.name, () => {
  const consumed = { generation: 7, adopted: false, sentAt: NOW };

  it.each([
    ['an adopted answer of the generation that is held', { adopted: true }, 7, true],
    ['an adopted answer of the generation before', { adopted: true }, 8, false],
    ['a send of the generation that is held: it may be repeated', {}, 7, false],
    ['a send of a later generation', {}, 6, true],
  ])('should judge %s', (_, overrides, generation, expected) => {
    expect(isNewer({ ...consumed, ...overrides }, generation, NOW - 60_000)).toBe(expected);
  });

  it('should not count what was sent before the credential was stored: that was another one', () => {
    expect(isNewer({ ...consumed, generation: 99 }, 7, NOW + 60_000)).toBe(false);
  });
});

describe(isOfEarlierCredential.name, () => {
  it('should forgive a clock that was set back a little', () => {
    expect(isOfEarlierCredential({ sentAt: NOW }, NOW + 5000)).toBe(false);
    expect(isOfEarlierCredential({ sentAt: NOW }, NOW + 11_000)).toBe(true);
  });
});
