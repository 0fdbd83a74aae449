import { createLog } from '@app/common';
import { type Config, TIMING } from '@app/config';
import type { AttemptsRepository, OpenAttempt } from '@app/connections';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AttemptLease } from './attempt.lease.js';
import { newOpenAttempt } from './testing/open-attempt.js';

const STATIC = newOpenAttempt({ oneShot: false });
const STRICT = newOpenAttempt();
const QUESTION = newOpenAttempt({ step: 'introspect', oneShot: false });

const secondsAgo = (seconds: number): number => performance.now() - seconds * 1000;

describe(AttemptLease.name, () => {
  let asked: string[];
  let isOurs: boolean;
  /** Milliseconds that the process is frozen, or the database takes. */
  let takesMs: number;
  let broken: boolean;
  let lines: string[];
  let sut: AttemptLease;

  beforeEach(() => {
    jest.useFakeTimers();
    [asked, isOurs, takesMs, broken, lines] = [[], true, 0, false, []];
    const ask = (question: string) => async () => {
      asked.push(question);
      await jest.advanceTimersByTimeAsync(takesMs);
      if (broken) {
        throw new Error('The database is gone.');
      }
      return isOurs;
    };
    const attempts: Pick<AttemptsRepository, 'markSent' | 'extendLease'> = {
      markSent: ask('mark'),
      extendLease: ask('extend'),
    };
    const config: Pick<Config, 'timing'> = { timing: TIMING };
    const log = createLog('debug', { write: (line: string) => void lines.push(line) });
    sut = new AttemptLease(attempts as AttemptsRepository, config as Config, log);
  });

  afterEach(() => void jest.useRealTimers());

  const maySend = async (attempt: OpenAttempt, openedAt: number): Promise<boolean> => {
    const { onConnected, mayWrite } = sut.lastWord(attempt, openedAt);
    return (await onConnected()) && mayWrite();
  };

  describe('before the first byte', () => {
    it('should let what can be repeated be sent without another question, while the lease is young', async () => {
      await expect(maySend(STATIC, secondsAgo(1.9))).resolves.toBe(true);
      expect(asked).toEqual([]);
    });

    it('should ask for the lease once more where it was taken a while ago', async () => {
      await expect(maySend(STATIC, secondsAgo(2))).resolves.toBe(true);
      expect(asked).toEqual(['extend']);
    });

    it.each([
      ['a refresh that can be sent only once', STRICT],
      ['a question, after which nobody repeats for nothing', QUESTION],
    ])('should always mark %s', async (_what, attempt) => {
      await expect(maySend(attempt, secondsAgo(0))).resolves.toBe(true);
      expect(asked).toEqual(['mark']);
    });

    it.each([
      ['repeated', STATIC],
      ['sent only once', STRICT],
    ])('should not let it be sent where the lease is somebody else’s (%s)', async (_what, attempt) => {
      isOurs = false;
      await expect(maySend(attempt, secondsAgo(60))).resolves.toBe(false);
    });

    it.each([
      ['repeated', STATIC],
      ['sent only once', STRICT],
    ])('should not let it be sent where the answer itself took too long (%s)', async (_what, attempt) => {
      takesMs = 2000;
      await expect(maySend(attempt, secondsAgo(60))).resolves.toBe(false);
      takesMs = 1999;
      await expect(maySend(attempt, secondsAgo(60))).resolves.toBe(true);
    });

    it('should judge what is marked by the mark, not by when its lease was taken', async () => {
      await expect(maySend(STRICT, secondsAgo(60))).resolves.toBe(true);
    });

    it('should not let it be sent by a process that was frozen between the last word and the first byte', async () => {
      const { onConnected, mayWrite } = sut.lastWord(STRICT, secondsAgo(0));
      await expect(onConnected()).resolves.toBe(true);
      expect(mayWrite()).toBe(true);
      await jest.advanceTimersByTimeAsync(2000);
      expect(mayWrite()).toBe(false);
    });

    it('should not let it be sent where nobody can tell', async () => {
      broken = true;
      await expect(maySend(STRICT, secondsAgo(0))).rejects.toThrow('The database is gone.');
    });
  });

  describe('while the answer is on its way', () => {
    it('should extend the lease three times in its life, until it is stopped', async () => {
      const stop = sut.keepAlive(STRICT);
      await jest.advanceTimersByTimeAsync(TIMING.leaseMs);
      expect(asked).toEqual(['extend', 'extend', 'extend']);
      stop();
      await jest.advanceTimersByTimeAsync(TIMING.leaseMs);
      expect(asked).toHaveLength(3);
    });

    it('should go on where it fails once, and say so', async () => {
      broken = true;
      const stop = sut.keepAlive(STRICT);
      await jest.advanceTimersByTimeAsync(TIMING.leaseMs / 3 + 1);
      broken = false;
      await jest.advanceTimersByTimeAsync(TIMING.leaseMs / 3);
      stop();
      expect(asked).toHaveLength(2);
      expect(lines).toEqual([expect.stringContaining('A lease could not be extended.')]);
    });
  });
});
