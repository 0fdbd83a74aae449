import { beforeEach, describe, expect, it } from '@jest/globals';
import { AuditWriter } from './audit.writer.js';
import { genesis, nextLink } from '../chain/chain.js';
import { type HeldStore, settled } from './testing/held-store.js';
import { many, named, newEvent, newHeldWriter, REPLICA } from './testing/held-writer.js';

describe(AuditWriter.name, () => {
  let time: { now: number };
  let marks: string[];
  let store: HeldStore;
  let sut: AuditWriter;

  const bodies = () => store.batches.flatMap((batch) => batch.bodies);

  beforeEach(() => {
    ({ sut, store, marks, time } = newHeldWriter());
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
      const event = newEvent({ requestId: 'a', count: 1, fields: [], durationMs: 3, tokenExpiresAt: time.now });
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
      for (const at of [time.now, time.now - 5000, time.now + 1]) {
        time.now = at;
        const append = sut.append(named('a'));
        await store.commit();
        await append;
      }
      expect(store.batches.map(({ at }) => at - Date.UTC(2026, 10, 29))).toEqual([0, 0, 1]);
    });
  });
});
