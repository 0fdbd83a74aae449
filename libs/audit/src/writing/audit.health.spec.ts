import { beforeEach, describe, expect, it } from '@jest/globals';
import { AuditHealth } from './audit.health.js';
import { HeldStore } from './testing/held-store.js';
import { HeldTimers } from './testing/held-timers.js';

describe(AuditHealth.name, () => {
  let store: HeldStore;
  let timers: HeldTimers;
  let lines: string[];
  let sut: AuditHealth;

  beforeEach(() => {
    store = new HeldStore();
    timers = new HeldTimers();
    lines = [];
    const write = (message: string): void => void lines.push(message);
    sut = new AuditHealth(store, { error: write, warn: write, info: write, debug: write }, timers.after);
  });

  it('should look only while batches succeed', async () => {
    await expect(sut.isAppendable()).resolves.toBe(true);
    store.works = false;
    await expect(sut.isAppendable()).resolves.toBe(false);
    expect(store.rehearsals).toBe(0);
  });

  it('should try an insert after a failed batch, until one succeeds', async () => {
    sut.failed(new Error('disk full'));
    await expect(sut.isAppendable()).resolves.toBe(true);
    expect(store.rehearsals).toBe(1);
    sut.succeeded();
    await expect(sut.isAppendable()).resolves.toBe(true);
    expect(store.rehearsals).toBe(1);
  });

  it('should ask once for all who ask meanwhile', async () => {
    sut.failed(new Error('disk full'));
    await expect(Promise.all([sut.isAppendable(), sut.isAppendable()])).resolves.toEqual([true, true]);
    expect(store.rehearsals).toBe(1);
  });

  it('should answer no when the database does not answer within 2 s', async () => {
    store.probe = () => new Promise(() => {});
    const answer = sut.isAppendable();
    timers.pass(2000);
    await expect(answer).resolves.toBe(false);
  });

  it('should answer no when the database cannot be asked', async () => {
    store.probe = () => Promise.reject(new Error('connection refused'));
    await expect(sut.isAppendable()).resolves.toBe(false);
    expect(timers.waiting).toBe(0);
  });

  it('should say once that the log fails, and once that it is back', () => {
    sut.failed(new Error('disk full'));
    sut.failed(new Error('disk full'));
    sut.succeeded();
    sut.succeeded();
    expect(lines).toEqual([
      'The audit log cannot be written: nothing is issued and no provider is asked.',
      'The audit log is written again.',
    ]);
  });
});
