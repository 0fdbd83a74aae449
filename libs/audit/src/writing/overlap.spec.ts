import type { Log } from '@app/common';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditEvent } from '../event.js';
import { AuditHealth } from './audit.health.js';
import { AuditWriter } from './audit.writer.js';
import { StreamWriter } from './stream.writer.js';
import { HeldStore, settled } from './testing/held-store.js';
import { HeldTimers } from './testing/held-timers.js';

const ignore = (): void => undefined;
const log: Log = { error: ignore, warn: ignore, info: ignore, debug: ignore };

const REPLICA = '00000000-0000-4000-8000-000000000001';
const MANY = 16;

const events = (name: string, count: number): readonly AuditEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    action: 'token.issued',
    outcome: 'ok',
    actor: { type: 'caller', caller: 'billing', keyId: 'k1' },
    requestId: `${name}${index}`,
  }));

describe('Two batches on their way', () => {
  let store: HeldStore;
  let timers: HeldTimers;
  let target: StreamWriter;
  let sut: AuditWriter;

  const writerOn = (depth: number): AuditWriter => {
    target = new StreamWriter(store, REPLICA, { now: () => 0 });
    const shallow = {
      depth,
      open: () => target.open(),
      close: () => target.close(),
      write: target.write.bind(target),
    };
    return new AuditWriter(shallow, new AuditHealth(store, log, timers.after), { observe: ignore }, timers);
  };

  /** A call of so many events: 'stands' or 'refused', and what it is until then. */
  const append = (name: string, count = MANY): { end: string } => {
    const call = { end: 'waits' };
    sut.append(events(name, count)).then(
      () => (call.end = 'stands'),
      () => (call.end = 'refused'),
    );
    return call;
  };

  const names = (): readonly (string | undefined)[] =>
    store.ids.map(([first]) => (first as string | undefined)?.slice(0, 1));

  beforeEach(() => {
    store = new HeldStore();
    timers = new HeldTimers();
    sut = writerOn(2);
  });

  it('should continue the first before that has returned, in a stream that they begin together', async () => {
    append('a');
    append('b');
    await settled();
    expect(store.streams).toBe(1);
    expect(store.places).toEqual([
      ['1', 1],
      ['1', 1 + MANY],
    ]);
    expect(store.batches[1]?.previous).toEqual(store.batches[0]?.last);
  });

  it('should not begin for few events: they wait for the first', async () => {
    append('a');
    append('b', MANY - 1);
    await settled();
    expect(names()).toEqual(['a']);
    await store.commit();
    expect(names()).toEqual(['a', 'b']);
  });

  it('should be two and not three', async () => {
    ['a', 'b', 'c'].forEach((name) => append(name));
    await settled();
    expect(names()).toEqual(['a', 'b']);
    await store.commit();
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('should be one where its target takes one at a time', async () => {
    sut = writerOn(1);
    append('a');
    append('b');
    await settled();
    expect(names()).toEqual(['a']);
    await store.commit();
    expect(names()).toEqual(['a', 'b']);
  });

  it('should answer each with its own commit', async () => {
    const calls = [append('a'), append('b')];
    await store.commit();
    expect(calls.map(({ end }) => end)).toEqual(['stands', 'waits']);
    await store.commit();
    expect(calls.map(({ end }) => end)).toEqual(['stands', 'stands']);
  });

  it('should write the second once more, in another stream, where the first was refused', async () => {
    const calls = [append('a'), append('b')];
    await store.refuse();
    await store.move();
    await store.commit();
    expect(calls.map(({ end }) => end)).toEqual(['refused', 'stands']);
    expect(names()).toEqual(['a', 'b', 'b']);
    expect(store.places.at(-1)).toEqual(['2', 1]);
  });

  it('should begin one stream for the second and for what comes then', async () => {
    const calls = ['a', 'b', 'c'].map((name) => append(name));
    await store.refuse();
    await store.move();
    await store.commit();
    await store.commit();
    expect(calls.map(({ end }) => end)).toEqual(['refused', 'stands', 'stands']);
    expect(store.streams).toBe(2);
    expect(store.places.slice(2)).toEqual([
      ['2', 1],
      ['2', 1 + MANY],
    ]);
  });

  it('should write both once more, in their order, where their stream moved away', async () => {
    const calls = [append('a'), append('b')];
    await store.move();
    await store.move();
    await store.commit();
    await store.commit();
    expect(calls.map(({ end }) => end)).toEqual(['stands', 'stands']);
    expect(names()).toEqual(['a', 'b', 'a', 'b']);
    expect(store.places.slice(2)).toEqual([
      ['2', 1],
      ['2', 1 + MANY],
    ]);
  });

  it.each([
    ['neither', ['refused', 'refused']],
    ['the first', ['stands', 'refused']],
    ['both', ['stands', 'stands']],
  ])('should know which of them stand where both answers are lost: %s', async (standing, ends) => {
    const calls = [append('a'), append('b')];
    await settled();
    const [first, second] = store.batches;
    store.end = { neither: first?.previous, 'the first': first?.last, both: second?.last }[standing];
    await store.lose();
    await store.lose();
    expect(calls.map(({ end }) => end)).toEqual(ends);
    expect(store.settlements).toEqual([first, second]);
    expect(store.batches).toHaveLength(2);
  });

  it('should take no end of a stream for theirs that is not', async () => {
    const calls = [append('a'), append('b')];
    await settled();
    store.end = { seq: 2 * MANY, hash: Buffer.alloc(32) };
    await store.lose();
    await store.lose();
    expect(calls.map(({ end }) => end)).toEqual(['refused', 'refused']);
  });

  it('should continue in another stream where the second fails alone', async () => {
    const calls = [append('a'), append('b')];
    await store.commit();
    await store.refuse();
    calls.push(append('c'));
    await store.commit();
    expect(calls.map(({ end }) => end)).toEqual(['stands', 'refused', 'stands']);
    expect(store.places.at(-1)).toEqual(['2', 1]);
  });

  it('should refuse both 2 s after they were handed in', async () => {
    const calls = [append('a')];
    timers.pass(500);
    calls.push(append('b'));
    await settled();
    timers.pass(1500);
    await settled();
    expect(calls.map(({ end }) => end)).toEqual(['refused', 'waits']);
    timers.pass(500);
    await settled();
    expect(calls.map(({ end }) => end)).toEqual(['refused', 'refused']);
  });

  it('should both be settled before the log is closed', async () => {
    append('a');
    append('b');
    let closed = false;
    void sut.close().then(() => (closed = true));
    await store.commit();
    expect(closed).toBe(false);
    await store.commit();
    expect(closed).toBe(true);
    expect(store.closed).toEqual(['1']);
    expect(timers.waiting).toBe(0);
  });
});
