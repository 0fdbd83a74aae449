import type { Log } from '@app/common';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AuditHealth } from './audit.health.js';
import { AuditWriter } from './audit.writer.js';
import { genesis, nextLink } from '../chain/chain.js';
import type { AuditEvent } from '../event.js';
import { HeldStore, settled } from './testing/held-store.js';
import { HeldTimers } from './testing/held-timers.js';
import { StreamWriter } from './stream.writer.js';

const ignore = (): void => undefined;
const log: Log = { error: ignore, warn: ignore, info: ignore, debug: ignore };

const newEvent = (overrides: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'k1' },
  ...overrides,
});

const named = (...requestIds: readonly string[]): readonly AuditEvent[] =>
  requestIds.map((requestId) => newEvent({ requestId }));

const many = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `r${index}`);

const REPLICA = '00000000-0000-4000-8000-000000000001';

describe(AuditWriter.name, () => {
  let now: number;
  let marks: string[];
  let store: HeldStore;
  let timers: HeldTimers;
  let sut: AuditWriter;

  const bodies = () => store.batches.flatMap((batch) => batch.bodies);

  beforeEach(() => {
    now = Date.UTC(2026, 10, 29);
    marks = [];
    const news = { observe: (mark: string) => void marks.push(mark) };
    store = new HeldStore();
    timers = new HeldTimers();
    const target = new StreamWriter(store, REPLICA, { now: () => now });
    sut = new AuditWriter(target, new AuditHealth(store, log, timers.after), news, timers);
  });

  describe('grouping', () => {
    it('should send a lone event at once', async () => {
      const append = sut.append(named('a'));
      await settled();
      expect(store.ids).toEqual([['a']]);
      await store.commit();
      await expect(append).resolves.toEqual({ mark: '1' });
    });

    it('should have told the change mark before anybody hears of the commit', async () => {
      const append = sut.append(named('a')).then(() => [...marks]);
      await store.commit();
      await expect(append).resolves.toEqual(['1']);
    });

    it('should not resolve before the commit', async () => {
      let done = false;
      void sut.append(named('a')).then(() => (done = true));
      await settled();
      expect(done).toBe(false);
      await store.commit();
      expect(done).toBe(true);
    });

    it('should gather what comes while a batch is under way, in order', async () => {
      const appends = ['a', 'b', 'c', 'd'].map((id) => sut.append(named(id)));
      await store.commit();
      await store.commit();
      await Promise.all(appends);
      expect(store.ids).toEqual([['a'], ['b', 'c', 'd']]);
    });

    it('should send at most 512 events together', async () => {
      const appends = many(1000).map((id) => sut.append(named(id)));
      for (let batch = 0; batch < 4; batch += 1) {
        await store.commit();
      }
      await Promise.all(appends);
      expect(store.batches.map((batch) => batch.rows.length)).toEqual([1, 16, 512, 471]);
    });

    it('should keep events that were handed in together in one batch', async () => {
      const appends = [sut.append(named('a')), sut.append(named(...many(500))), sut.append(named(...many(20)))];
      await store.commit();
      await store.commit();
      await store.commit();
      await Promise.all(appends);
      expect(store.ids).toEqual([['a'], many(500), many(20)]);
    });

    it('should send a group that is larger than a batch as one', async () => {
      const append = sut.append(named(...many(700)));
      await store.commit();
      await append;
      expect(store.ids).toEqual([many(700)]);
    });

    it('should number the events of a stream from 1 without a gap', async () => {
      const appends = [sut.append(named('a', 'b')), sut.append(named('c')), sut.append(named('d', 'e'))];
      await store.commit();
      await store.commit();
      await Promise.all(appends);
      const last = sut.append(named('f'));
      await store.commit();
      await last;
      expect(store.places).toEqual([
        ['1', 1],
        ['1', 3],
        ['1', 6],
      ]);
    });

    it('should have nothing to do for no events', async () => {
      await expect(sut.append([])).resolves.toEqual({ mark: undefined });
      expect(store.batches).toEqual([]);
    });
  });

  describe('failure', () => {
    it('should refuse every event of a batch that fails', async () => {
      const first = sut.append(named('a'));
      const others = Promise.allSettled([sut.append(named('b')), sut.append(named('c'))]);
      await store.commit();
      await store.refuse();
      await first;
      expect(await others).toMatchObject([
        { status: 'rejected', reason: { code: 'audit_unavailable', facts: { retryAfter: 1 } } },
        { status: 'rejected', reason: { code: 'audit_unavailable', facts: { retryAfter: 1 } } },
      ]);
    });

    it('should go on in a new stream, numbered from 1', async () => {
      const appends = Promise.allSettled([sut.append(named('a')), sut.append(named('b'))]);
      await store.refuse();
      await store.commit();
      expect((await appends).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
      expect(store.places).toEqual([
        ['1', 1],
        ['2', 1],
      ]);
    });

    it('should refuse events while no stream can be opened, and recover', async () => {
      store.works = false;
      await expect(sut.append(named('a'))).rejects.toMatchObject({ code: 'audit_unavailable' });
      store.works = true;
      const append = sut.append(named('b'));
      await store.commit();
      await expect(append).resolves.toEqual({ mark: '1' });
      expect(store.ids).toEqual([['b']]);
    });

    it('should refuse events at once when too many wait', async () => {
      const sent = [sut.append(named('a')), sut.append(named(...many(16)))];
      const queued = sut.append(named(...many(100_000)));
      await expect(sut.append(named('b'))).rejects.toMatchObject({ code: 'audit_unavailable' });
      await store.commit();
      await store.commit();
      await store.commit();
      await Promise.all([...sent, queued]);
      const afterwards = sut.append(named('c'));
      await store.commit();
      await expect(afterwards).resolves.toEqual({ mark: '1' });
    });
  });

  describe('a lost answer', () => {
    it('should let go what the head of the stream shows to stand', async () => {
      store.stands = true;
      const append = sut.append(named('a'));
      await store.lose();
      await expect(append).resolves.toEqual({ mark: undefined });
      expect(store.settlements).toEqual(store.batches);
    });

    it('should refuse what does not stand, or where the head cannot be read', async () => {
      const appends = Promise.allSettled([sut.append(named('a')), sut.append(named('b'))]);
      await store.lose();
      store.works = false;
      await store.lose();
      expect((await appends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    });

    it('should go on in a new stream either way, as the old one is closed', async () => {
      store.stands = true;
      const appends = [sut.append(named('a')), sut.append(named('b'))];
      await store.lose();
      await store.commit();
      await Promise.all(appends);
      expect(store.places).toEqual([
        ['1', 1],
        ['2', 1],
      ]);
    });
  });

  describe('chaining', () => {
    it('should chain each row to the one before, over batches', async () => {
      const appends = [sut.append(named('a')), sut.append(named('b', 'c'))];
      await store.commit();
      await store.commit();
      await Promise.all(appends);
      let link = genesis('1', REPLICA);
      const hashes: Buffer[] = [];
      for (const body of bodies()) {
        link = nextLink(link, body);
        hashes.push(link.hash);
      }
      expect(Buffer.concat(store.batches.map((batch) => batch.hashes))).toEqual(Buffer.concat(hashes));
      expect(store.batches.map(({ last }) => last.seq)).toEqual([1, 3]);
    });

    it('should write a text that says everything, without what does not apply', async () => {
      const event = newEvent({ requestId: 'a', count: 1, fields: [], durationMs: 3, tokenExpiresAt: now });
      const append = sut.append([event]);
      await store.commit();
      await append;
      expect(bodies()).toEqual([
        '{"id":"1-1","at":"2026-11-29T00:00:00.000Z","action":"token.issued","outcome":"ok","actor":"caller","caller":"billing",' +
          '"key_id":"k1","request_id":"a","duration_ms":3,"token_expires_at":"2026-11-29T00:00:00.000Z"}',
      ]);
    });

    it('should write a text of one line in which nothing acts upon who reads it', async () => {
      const reason = 'a\r\nb \u001b[2J \u009b2J \u0085 \u2028 \u202e "},{"';
      void sut.append([newEvent({ reason })]);
      await settled();
      const [body = ''] = bodies();
      expect(body).toMatch(/^[ -~]+$/);
      expect(JSON.parse(body)).toMatchObject({ reason });
    });

    it('should never let time run backwards inside a stream', async () => {
      for (const at of [now, now - 5000, now + 1]) {
        now = at;
        const append = sut.append(named('a'));
        await store.commit();
        await append;
      }
      expect(store.batches.map(({ at }) => at - Date.UTC(2026, 10, 29))).toEqual([0, 0, 1]);
    });
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
