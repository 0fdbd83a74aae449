import { describe, expect, it } from '@jest/globals';
import type { Link } from '../chain/chain.js';
import { boundaryOf, floorOf, isPast, retirementOf, type StreamState } from './retirement.js';

const BEFORE = '2026-11-20';
const DAY_MS = 86_400_000;
const LONG_AGO = boundaryOf(BEFORE) - DAY_MS;
const SINCE = boundaryOf(BEFORE) + DAY_MS;
const CHECKPOINT = { number: 40, hash: 'cd'.repeat(32) };

const link = (seq: number): Link => ({ seq, hash: Buffer.alloc(32, seq) });
const newStream = (overrides: Partial<StreamState> = {}): StreamState => ({
  id: '7',
  replica: '00000000-0000-4000-8000-000000000001',
  head: link(3),
  headAt: LONG_AGO,
  closedAt: LONG_AGO,
  checkpointSeq: 3,
  checkpointNumber: 40,
  ...overrides,
});
const retired = (stream: StreamState) =>
  retirementOf({ before: BEFORE, ends: new Map([[stream.id, link(3)]]), checkpoint: CHECKPOINT }, [stream]).streams;

describe(retirementOf.name, () => {
  it('should say where what is kept begins', () => {
    const ends = new Map([
      ['10', link(5)],
      ['9', link(2)],
    ]);
    const streams = [newStream({ id: '9', closedAt: null }), newStream({ id: '10', closedAt: null })];
    expect(retirementOf({ before: BEFORE, ends, checkpoint: CHECKPOINT }, streams)).toEqual({
      before: BEFORE,
      streams: [
        { id: '9', seq: 2, hash: '02'.repeat(32) },
        { id: '10', seq: 5, hash: '05'.repeat(32) },
      ],
      checkpoint: CHECKPOINT,
    });
  });

  it('should not name a stream that ended before', () => {
    expect(retired(newStream())).toEqual([]);
  });

  it.each<[string, Partial<StreamState>]>([
    ['is open', { closedAt: null }],
    ['goes on after that day', { headAt: SINCE, closedAt: SINCE }],
    ['was closed after that day', { closedAt: SINCE }],
    ['a kept checkpoint names', { checkpointNumber: 41 }],
    ['no checkpoint names to its end', { checkpointSeq: 2 }],
  ])('should name a stream that %s', (_what, state) => {
    expect(retired(newStream(state))).toEqual([{ id: '7', seq: 3, hash: '03'.repeat(32) }]);
  });

  it('should be read as it was said', () => {
    const { streams } = { streams: retired(newStream({ closedAt: null })) };
    expect([...floorOf({ before: BEFORE, streams, checkpoint: null })]).toEqual([['7', link(3)]]);
    expect(floorOf(undefined).size).toBe(0);
  });
});

describe(isPast.name, () => {
  it('should take a stream that was closed before its first row as past by when it was closed', () => {
    const empty = { head: link(0), headAt: null, checkpointSeq: 0 };
    expect(isPast(newStream(empty), BEFORE)).toBe(true);
    expect(isPast(newStream({ ...empty, closedAt: SINCE }), BEFORE)).toBe(false);
  });
});
