import type { Log, LogFacts } from '@app/common';
import { describe, expect, it } from '@jest/globals';
import { LastUses } from './last-uses.js';

const ignore = (): void => undefined;

function newLastUses(recordUse: (keyIds: readonly string[]) => Promise<void>) {
  const warnings: (readonly [string, LogFacts?])[] = [];
  const log: Log = { error: ignore, info: ignore, debug: ignore, warn: (...line) => void warnings.push(line) };
  return { sut: new LastUses({ recordUse }, log), warnings };
}

describe('LastUses', () => {
  it('should store the use of a key at most once a minute', async () => {
    const stored: (readonly string[])[] = [];
    const { sut } = newLastUses(async (keyIds) => void stored.push(keyIds));
    for (const now of [0, 1, 59_999, 60_000, 60_001]) {
      sut.note('a', now);
      await sut.flush();
    }
    expect(stored).toEqual([['a'], ['a']]);
  });

  it('should store all keys of a while in one write', async () => {
    const stored: (readonly string[])[] = [];
    const { sut } = newLastUses(async (keyIds) => void stored.push(keyIds));
    ['a', 'b', 'a', 'c'].forEach((keyId) => sut.note(keyId, 5));
    await sut.flush();
    await sut.flush();
    expect(stored).toEqual([['a', 'b', 'c']]);
  });

  it('should say in the log that it failed, and reject nobody', async () => {
    const { sut, warnings } = newLastUses(() => Promise.reject(new Error('down')));
    sut.note('a', 0);
    await expect(sut.flush()).resolves.toBeUndefined();
    expect(warnings).toEqual([
      ['The last use of API keys could not be recorded.', expect.objectContaining({ count: 1, error_name: 'Error' })],
    ]);
  });
});
