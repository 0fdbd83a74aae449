import { beforeEach, describe, expect, it } from '@jest/globals';
import { KeptFlight } from './kept-flight.js';

describe(KeptFlight.name, () => {
  let now: number;
  let begun: number;
  let takes: number;
  let works: boolean;
  let sut: KeptFlight;

  beforeEach(() => {
    now = 0;
    begun = 0;
    takes = 0;
    works = true;
    sut = new KeptFlight(1000, 50, () => now);
  });

  const begin = async (): Promise<void> => {
    begun += 1;
    await Promise.resolve();
    now += takes;
    if (!works) {
      throw new Error('connection refused');
    }
  };
  const join = (): Promise<unknown> => sut.join(begin).then(() => 'done', String);

  it('should begin once for all who ask meanwhile', async () => {
    await Promise.all(Array.from({ length: 20 }, join));
    expect(begun).toBe(1);
  });

  it('should be kept for the least time, and then begin anew', async () => {
    await join();
    now = 999;
    await join();
    expect(begun).toBe(1);
    now = 1000;
    await join();
    expect(begun).toBe(2);
  });

  it('should be kept as many times as long as it took, from its end on', async () => {
    takes = 100;
    await join();
    now = 100 + 4999;
    await join();
    expect(begun).toBe(1);
    now = 100 + 5000;
    await join();
    expect(begun).toBe(2);
  });

  it('should tell a failure to all who ask while it is kept, for the least time however long it took', async () => {
    works = false;
    takes = 100;
    const failed = 'Error: connection refused';
    expect(await Promise.all([join(), join()])).toEqual([failed, failed]);
    works = true;
    now = 100 + 999;
    expect([await join(), begun]).toEqual([failed, 1]);
    now = 100 + 1000;
    expect([await join(), begun]).toEqual(['done', 2]);
  });

  it('should keep what failed before it could be waited for', async () => {
    const broken = (): Promise<void> => {
      begun += 1;
      throw new Error('no such thing');
    };
    await expect(sut.join(broken)).rejects.toThrow('no such thing');
    await expect(sut.join(broken)).rejects.toThrow('no such thing');
    expect(begun).toBe(1);
  });
});
