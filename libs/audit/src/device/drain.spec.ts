import type { Log } from '@app/common';
import { Envelopes, generateKeyFile, Keyring } from '@app/crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Drain } from './drain.js';
import { LocalDevice } from './local.device.js';
import { StreamSeals } from './stream.seal.js';
import { MemoryFiles } from './testing/memory-files.js';
import { MemoryStore } from './testing/memory-store.js';
import { newRow } from './testing/new-row.js';

const REPLICA = '00000000-0000-4000-8000-000000000001';
const DAY_MS = 86_400_000;

const ignore = (): void => undefined;

const cutBy = (bytes: number) => (content: Buffer) => content.subarray(0, content.length - bytes);

const flipBit = (placeFromEnd: number) => (content: Buffer) => {
  const place = content.length - placeFromEnd;
  content.writeUInt8(content.readUInt8(place) ^ 1, place);
  return content;
};

describe(Drain.name, () => {
  let now: number;
  let errors: string[];
  let files: MemoryFiles;
  let seals: StreamSeals;
  let device: LocalDevice;
  let store: MemoryStore;

  const newDrain = (): Drain => {
    const log: Log = { error: (message) => void errors.push(message), warn: ignore, info: ignore, debug: ignore };
    return new Drain(files, seals, store, log, () => Promise.resolve());
  };

  /** A finished local stream of one batch a row. */
  const spool = async (number: string, ...ids: readonly string[]): Promise<void> => {
    await device.reserve(number);
    for (const id of ids) {
      await device.write([newRow(id)]);
    }
    await device.finish();
  };

  const alter = (stream: string, change: (content: Buffer) => Buffer): void =>
    void files.contents.set(stream, change(Buffer.from(files.contents.get(stream) ?? '')));

  beforeEach(() => {
    now = Date.UTC(2026, 10, 29, 23);
    errors = [];
    files = new MemoryFiles();
    seals = new StreamSeals(new Envelopes(new Keyring(generateKeyFile())));
    device = new LocalDevice(files, seals, REPLICA, { now: () => now });
    store = new MemoryStore();
  });

  it('should bring every stream into the database in order, close it, and remove its file', async () => {
    await spool('1', 'a', 'b');
    await spool('2', 'c');
    await newDrain().run();
    expect(store.ids).toEqual(['a', 'b', 'c']);
    expect([...store.standings].map(([stream, { seq, closed }]) => [stream, seq, closed])).toEqual([
      ['1', 2, true],
      ['2', 1, true],
    ]);
    expect(files.contents.size).toBe(0);
  });

  it('should say of each row that it was on the local device', async () => {
    await spool('1', 'a');
    await newDrain().run();
    const [batch] = store.batches;
    expect(batch).toMatchObject({ device: 'local', replica: REPLICA });
    expect(batch?.bodies.map((body) => JSON.parse(body))).toMatchObject([{ id: '1-1', device: 'local' }]);
  });

  it('should leave the stream alone that is still written to', async () => {
    await spool('1', 'a');
    await device.reserve('2');
    await device.write([newRow('b')]);
    await newDrain().run(device.current);
    expect([store.ids, [...files.contents.keys()]]).toEqual([['a'], ['2']]);
  });

  it('should make room for each day of a stream', async () => {
    await device.reserve('1');
    await device.write([newRow('a')]);
    now += DAY_MS;
    await device.write([newRow('b')]);
    await device.write([newRow('c')]);
    await device.finish();
    await newDrain().run();
    expect(store.days).toEqual(['2026-11-29', '2026-11-30']);
  });

  it.each([
    ['before it was taken', 2, false],
    ['after it was taken, its answer lost', 2, true],
    ['after everything was taken, its answer lost', 3, true],
  ])('should go on where it was ended %s', async (_, takes, losesAnswer) => {
    await spool('1', 'a', 'b', 'c');
    Object.assign(store, { takes, losesAnswer });
    await expect(newDrain().run()).rejects.toThrow(losesAnswer ? 'connection reset' : 'no database');
    expect(files.contents.size).toBe(1);
    store.takes = Number.POSITIVE_INFINITY;
    await newDrain().run();
    expect(store.ids).toEqual(['a', 'b', 'c']);
    expect([store.standings.get('1')?.closed, files.contents.size]).toEqual([true, 0]);
  });

  it('should only remove the file of a stream that stands whole', async () => {
    await spool('1', 'a', 'b');
    const content = files.contents.get('1') ?? Buffer.alloc(0);
    await newDrain().run();
    files.contents.set('1', content);
    await newDrain().run();
    expect([store.ids, files.contents.size]).toEqual([['a', 'b'], 0]);
  });

  it('should drain what was acknowledged before an end that is torn', async () => {
    await spool('1', 'a', 'b');
    alter('1', cutBy(1));
    await newDrain().run();
    expect([store.ids, files.contents.size, errors]).toEqual([['a'], 0, []]);
  });

  it('should remove a file of which not even the key was written', async () => {
    await spool('1', 'a');
    alter('1', (content) => content.subarray(0, 20));
    await newDrain().run();
    expect([store.ids, files.contents.size]).toEqual([[], 0]);
  });

  it('should drain what stands before a change, keep the file, say so once, and go on with the others', async () => {
    await spool('1', 'a', 'b');
    await spool('2', 'c');
    alter('1', flipBit(1));
    const sut = newDrain();
    await sut.run();
    await sut.run();
    expect([store.ids, [...files.contents.keys()]]).toEqual([['a', 'c'], ['1']]);
    expect(errors).toEqual(['A file of the local audit device cannot be drained to its end, and is kept.']);
  });

  it('should keep a file whose key it has not, for when it has', async () => {
    await spool('1', 'a');
    const own = seals;
    seals = new StreamSeals(new Envelopes(new Keyring(generateKeyFile())));
    await newDrain().run();
    expect([store.ids, files.contents.size, errors.length]).toEqual([[], 1, 1]);
    seals = own;
    await newDrain().run();
    expect([store.ids, files.contents.size]).toEqual([['a'], 0]);
  });

  it.each([
    ['holds other rows of that number', { seq: 1, closed: false, hash: Buffer.alloc(32) }],
    ['has closed the stream before its end', { seq: 0, closed: true, hash: Buffer.alloc(32) }],
    ['is ahead by other rows', { seq: 2, closed: false, hash: Buffer.alloc(32) }],
  ])('should keep a file where the database %s', async (_, standing) => {
    await spool('1', 'a', 'b', 'c');
    store.standings.set('1', standing);
    await newDrain().run();
    expect([store.ids, files.contents.size, errors.length]).toEqual([[], 1, 1]);
  });

  it('should stop between two batches when it is told to', async () => {
    await spool('1', 'a', 'b');
    const sut = newDrain();
    sut.stop();
    await expect(sut.run()).rejects.toThrow('stops');
    expect([store.ids, files.contents.size]).toEqual([[], 1]);
  });
});
