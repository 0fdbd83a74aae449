import { BrokerError } from '@app/common';
import { describe, expect, it } from '@jest/globals';
import { patiently } from './patience.js';

const LONG_MS = 600_000;
const late = () => new BrokerError('refresh_pending', 'Ask again.');
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

/** Work that ends when the test says so. */
function newWork() {
  const ends: { finish: (result: string) => void; fail: (error: Error) => void }[] = [];
  const work = new Promise<string>((finish, fail) => void ends.push({ finish, fail }));
  return {
    work,
    finish: (result: string) => ends.forEach((end) => end.finish(result)),
    fail: (error: Error) => ends.forEach((end) => end.fail(error)),
  };
}

describe('patiently', () => {
  it('should give what the work gives, and leave no timer behind', async () => {
    const before = timers();
    await expect(patiently(Promise.resolve('done'), LONG_MS, late)).resolves.toBe('done');
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('should fail as the work fails, and leave no timer behind', async () => {
    const before = timers();
    await expect(patiently(Promise.reject(new Error('refused')), LONG_MS, late)).rejects.toThrow('refused');
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('should give up with the error when the time is over, while the work goes on', async () => {
    const { work, finish } = newWork();
    await expect(patiently(work, 1, late)).rejects.toMatchObject({ code: 'refresh_pending' });
    finish('stored');
    await expect(work).resolves.toBe('stored');
  });

  it('should not make a rejection of the abandoned work unhandled', async () => {
    const { work, fail } = newWork();
    await expect(patiently(work, 1, late)).rejects.toMatchObject({ code: 'refresh_pending' });
    fail(new Error('reset by peer'));
    await expect(work).rejects.toThrow('reset by peer');
  });
});
