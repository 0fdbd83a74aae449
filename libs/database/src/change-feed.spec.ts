import type { Log } from '@app/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ChangeFeed } from './change-feed.js';
import type { Database } from './database.js';
import { DatabaseClock } from './database-clock.js';

const ignore = (): void => undefined;
const log: Log = { error: ignore, warn: ignore, info: ignore, debug: ignore };

describe(ChangeFeed.name, () => {
  let mark: string;
  /** Happens while the mark is being read, after it was looked at. */
  let meanwhile: () => void;
  let heard: number;
  let sut: ChangeFeed;

  beforeEach(async () => {
    mark = '5';
    meanwhile = ignore;
    heard = 0;
    const query = async () => {
      const read = mark;
      meanwhile();
      return [{ mark: read, now: new Date() }];
    };
    sut = new ChangeFeed({ query } as unknown as Database, new DatabaseClock(), log);
    sut.onChange(() => (heard += 1));
    await sut.start();
    sut.stop();
  });

  afterEach(() => sut.stop());

  const readAgain = (): Promise<void> => sut.start().then(() => sut.stop());

  it('should have told nobody at the first reading', () => {
    expect([sut.mark, heard]).toEqual(['5', 0]);
  });

  it('should tell of a mark that moved', async () => {
    mark = '6';
    await readAgain();
    expect([sut.mark, heard]).toEqual(['6', 1]);
  });

  it('should tell of a newer mark that a commit saw, at once and once', () => {
    sut.observe('10');
    sut.observe('10');
    sut.observe('9');
    expect([sut.mark, heard]).toEqual(['10', 1]);
  });

  it('should not go back for a reading that was begun before a commit showed a newer mark', async () => {
    meanwhile = () => sut.observe('6');
    await readAgain();
    expect([sut.mark, heard]).toEqual(['6', 1]);
  });

  it('should go back where the database did, as a restored one does', async () => {
    mark = '3';
    await readAgain();
    expect([sut.mark, heard]).toEqual(['3', 1]);
  });
});
