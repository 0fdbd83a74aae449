import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { type Checkpoint, hashOfCheckpoint, NO_CHECKPOINT, signCheckpoint } from '../chain/checkpoint.js';
import { nextCheckpoint } from './compose.js';

const NOW = Date.parse('2026-11-29T10:00:00.000Z');
const { privateKey } = generateKeyPairSync('ed25519');
const head = (id: string, seq: number) => ({ id, seq, hash: `${seq}`.padStart(64, '0') });

const newest = signCheckpoint(
  {
    version: 1,
    number: 41,
    at: '2026-11-29T09:59:59.000Z',
    previous: NO_CHECKPOINT,
    key: 's-1',
    streams: [head('7', 3)],
  } satisfies Checkpoint,
  privateKey,
);

describe(nextCheckpoint.name, () => {
  it('should be number one, chained to nothing, in a log that has none', () => {
    expect(nextCheckpoint({ now: NOW, newest: undefined, heads: [head('7', 3)] }, 's-1')).toEqual({
      version: 1,
      number: 1,
      at: '2026-11-29T10:00:00.000Z',
      previous: NO_CHECKPOINT,
      key: 's-1',
      streams: [head('7', 3)],
    });
  });

  it('should be chained to the one before', () => {
    expect(nextCheckpoint({ now: NOW, newest, heads: [head('7', 4)] }, 's-2')).toMatchObject({
      number: 42,
      previous: hashOfCheckpoint(newest),
      key: 's-2',
    });
  });

  it.each([
    ['no head moved', []],
    ['the one before names them all, though they are not marked', [head('7', 3)]],
  ])('should not be where %s', (_what, heads) => {
    expect(nextCheckpoint({ now: NOW, newest, heads }, 's-1')).toBeUndefined();
  });

  it('should be where one of several heads is new', () => {
    const heads = [head('7', 3), head('8', 1)];
    expect(nextCheckpoint({ now: NOW, newest, heads }, 's-1')?.streams).toEqual(heads);
  });

  it('should carry a retirement also where no head moved', () => {
    const retired = { before: '2026-11-20', streams: [], checkpoint: null };
    expect(nextCheckpoint({ now: NOW, newest, heads: [] }, 's-1', retired)).toMatchObject({
      number: 42,
      streams: [],
      retired,
    });
  });

  it('should not be older than the one before, whatever the clock says', () => {
    const heads = [head('7', 4)];
    expect(nextCheckpoint({ now: NOW - 60_000, newest, heads }, 's-1')?.at).toBe('2026-11-29T09:59:59.000Z');
  });
});
