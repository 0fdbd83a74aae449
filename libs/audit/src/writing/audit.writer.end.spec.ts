import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditWriter } from './audit.writer.js';
import { type HeldStore, settled } from './testing/held-store.js';
import type { HeldTimers } from './testing/held-timers.js';
import { many, named, newHeldWriter } from './testing/held-writer.js';

describe('AuditWriter', () => {
  let store: HeldStore;
  let timers: HeldTimers;
  let sut: AuditWriter;
  let errors: readonly string[];

  beforeEach(() => {
    ({ sut, store, timers, errors } = newHeldWriter());
  });

  describe('deadline', () => {
    it('should refuse an event 2 s after it was handed in', async () => {
      const append = sut.append(named('a'));
      let refusal: unknown;
      append.catch((error: unknown) => (refusal = error));
      timers.pass(1999);
      await settled();
      expect(refusal).toBeUndefined();
      timers.pass(1);
      await expect(append).rejects.toMatchObject({ code: 'audit_unavailable', facts: { retryAfter: 1 } });
    });

    it('should never write an event that was refused while it waited', async () => {
      const hanging = Promise.allSettled([sut.append(named('a')), sut.append(named('b'))]);
      await settled();
      timers.pass(1500);
      const young = sut.append(named('c'));
      timers.pass(500);
      await store.commit();
      await store.commit();
      await young;
      expect((await hanging).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(store.ids).toEqual([['a'], ['c']]);
    });

    it('should never write an event whose time was up when the batch before it ended, although its timer had not run', async () => {
      const hanging = Promise.allSettled([sut.append(named('a')), sut.append(named('b'))]);
      await settled();
      timers.block(2000);
      const young = sut.append(named('c'));
      await store.lose();
      await store.commit();
      await young;
      expect((await hanging).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(store.ids).toEqual([['a'], ['c']]);
    });

    it('should number on after a batch that was committed too late', async () => {
      const late = sut.append(named('a'));
      timers.pass(0);
      await settled();
      timers.pass(2000);
      await expect(late).rejects.toMatchObject({ code: 'audit_unavailable' });
      await store.commit();
      const append = sut.append(named('b'));
      await store.commit();
      await append;
      expect(store.places).toEqual([
        ['1', 1],
        ['1', 2],
      ]);
    });

    it('should not wait for the head of a batch whose events are all refused: what hangs may hold it', async () => {
      store.answersHeads = false;
      const hung = sut.append(named('hung'));
      await settled();
      timers.pass(1000);
      const next = sut.append(named('next'));
      timers.pass(1000);
      await expect(hung).rejects.toMatchObject({ code: 'audit_unavailable' });
      await store.lose();
      await store.commit();
      await expect(next).resolves.toEqual({ mark: '1' });
      expect(store.settlements).toHaveLength(1);
      expect(store.places).toEqual([
        ['1', 1],
        ['2', 1],
      ]);
    });

    it('should tell operators once that events are refused', async () => {
      const append = sut.append(named('a'));
      timers.pass(2000);
      await expect(append).rejects.toMatchObject({ code: 'audit_unavailable' });
      expect(errors).toEqual([expect.stringContaining('The audit log cannot be written')]);
    });

    it('should find nothing wrong where batches follow each other for longer than any of them may take', async () => {
      let last = sut.append(named('first'));
      for (const id of many(8)) {
        const next = sut.append(named(id));
        await settled();
        timers.pass(500);
        await store.commit();
        await last;
        last = next;
      }
      expect(errors).toEqual([]);
      await store.commit();
      await last;
    });

    it('should refuse each at its own time, with one timer for all', async () => {
      const refused: string[] = [];
      const appendAt = (id: string): void => void sut.append(named(id)).catch(() => refused.push(id));
      for (const id of ['a', 'b', 'c']) {
        appendAt(id);
        expect(timers.waiting).toBe(1);
        timers.pass(500);
      }
      const seen: string[][] = [];
      for (let passes = 0; passes < 4; passes += 1) {
        timers.pass(500);
        await settled();
        seen.push([...refused]);
      }
      expect(seen).toEqual([['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c']]);
    });

    it('should make room in the queue for those that come after', async () => {
      const ends = Promise.allSettled([['a'], many(16), many(100_000)].map((ids) => sut.append(named(...ids))));
      timers.pass(2000);
      expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      const next = sut.append(named('b'));
      await store.commit();
      await store.commit();
      await store.commit();
      await expect(next).resolves.toEqual({ mark: '1' });
      expect(store.ids).toEqual([['a'], many(16), ['b']]);
    });

    it('should leave no timer behind', async () => {
      const append = sut.append(named('a'));
      await store.commit();
      await append;
      expect(timers.waiting).toBe(0);
    });
  });

  describe('closing', () => {
    it('should write what was handed in before and refuse what comes after', async () => {
      const appends = [sut.append(named('a')), sut.append(named('b'))];
      let closed = false;
      const closing = sut.close().then(() => (closed = true));
      await expect(sut.append(named('c'))).rejects.toMatchObject({ code: 'audit_unavailable' });
      await store.commit();
      expect(closed).toBe(false);
      await store.commit();
      await closing;
      await Promise.all(appends);
      expect(store.ids).toEqual([['a'], ['b']]);
      expect(store.closed).toEqual(['1']);
      await expect(sut.isAppendable()).resolves.toBe(false);
    });

    it('should flush without closing', async () => {
      const append = sut.append(named('a'));
      const flushed = sut.flush();
      await store.commit();
      await Promise.all([append, flushed]);
      const next = sut.append(named('b'));
      await store.commit();
      await expect(next).resolves.toEqual({ mark: '1' });
    });
  });
});
