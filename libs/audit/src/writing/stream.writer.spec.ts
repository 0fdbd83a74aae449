import { describe, expect, it } from '@jest/globals';
import { newRow } from '../device/testing/new-row.js';
import { StreamWriter } from './stream.writer.js';
import { HeldStore, settled } from './testing/held-store.js';

const REPLICA = '00000000-0000-4000-8000-000000000001';

const make = (store: HeldStore): StreamWriter => new StreamWriter(store, REPLICA, { now: () => 0 });
const isAwaited = (): boolean => true;

describe(StreamWriter.name, () => {
  it('should not send a batch that was given up before its stream had a number', async () => {
    const store = new HeldStore();
    const answers: ((number: string) => void)[] = [];
    store.openStream = () => new Promise((resolve) => void answers.push(resolve));
    const sut = make(store);
    const written = sut.write([newRow('a')], isAwaited);
    expect(await sut.abandon()).toBe(false);
    answers.forEach((answer) => answer('1'));
    await expect(written).rejects.toThrow('given up');
    expect(store.batches).toEqual([]);
  });

  it('should close the stream of a batch that was given up, and begin another', async () => {
    const store = new HeldStore();
    const sut = make(store);
    const given = sut.write([newRow('a')], isAwaited);
    await settled();
    expect(await sut.abandon()).toBe(false);
    await store.refuse();
    await expect(given).rejects.toThrow('disk full');
    const next = sut.write([newRow('b')], isAwaited);
    await store.commit();
    await next;
    expect(store.places).toEqual([
      ['1', 1],
      ['2', 1],
    ]);
  });

  it('should close a stream that took a batch after it was given up', async () => {
    const store = new HeldStore();
    store.answersHeads = false;
    const sut = make(store);
    const given = sut.write([newRow('a')], isAwaited);
    await settled();
    void sut.abandon();
    await store.commit();
    await expect(given).resolves.toEqual({ mark: '1' });
    expect(store.closed).toEqual(['1']);
  });

  it('should write a batch anew, in another stream, where its own moved away: an older database takes its place', async () => {
    const store = new HeldStore();
    const sut = make(store);
    const first = sut.write([newRow('a')], isAwaited);
    await store.commit();
    await first;
    const moved = sut.write([newRow('b')], isAwaited);
    await store.move();
    await store.commit();
    await expect(moved).resolves.toEqual({ mark: '1' });
    expect(store.places).toEqual([
      ['1', 1],
      ['1', 2],
      ['2', 1],
    ]);
    expect(store.ids.at(-1)).toEqual(['b']);
  });

  it('should try so once only', async () => {
    const store = new HeldStore();
    const sut = make(store);
    const end = sut.write([newRow('a')], isAwaited).then(
      () => 'stands',
      ({ message }: Error) => message,
    );
    await store.move();
    await store.move();
    expect(await end).toBe('moved');
    expect(store.batches).toHaveLength(2);
  });
});
