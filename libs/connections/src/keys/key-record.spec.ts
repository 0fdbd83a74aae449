import { describe, expect, it } from '@jest/globals';
import { type KeyStanding, type LiveReplica, rotationOf } from './key-record.js';

const newKey = (id: string, overrides: Partial<KeyStanding> = {}): KeyStanding => ({
  id,
  reference: id,
  provider: 'file',
  state: 'primary',
  canary: Buffer.of(),
  wanted: false,
  createdAt: new Date(0),
  promotedAt: null,
  retiredAt: null,
  rewrapped: 0,
  unreadable: 0,
  acknowledgedBy: 1,
  values: null,
  ...overrides,
});
const newReplica = (id: string, ...opens: readonly string[]): LiveReplica => ({
  id,
  seenAt: new Date(0),
  opens,
  sealsWith: 'k-1',
  spooledWith: [],
});

describe('rotationOf', () => {
  it('should be null where one key seals, and others only wait or are retired', () => {
    const keys = [
      newKey('k-1'),
      newKey('k-2', { state: 'pending', values: 0 }),
      newKey('k-0', { state: 'retired', values: 0 }),
    ];
    expect(rotationOf(keys, [newReplica('r-1', 'k-1')])).toBeNull();
  });

  it('should name the replicas that do not open the wanted key yet', () => {
    const keys = [newKey('k-1'), newKey('k-2', { state: 'pending', wanted: true, values: 0 })];
    const replicas = [newReplica('r-1', 'k-1', 'k-2'), newReplica('r-2', 'k-1')];
    expect(rotationOf(keys, replicas)).toEqual({
      key: 'k-2',
      phase: 'waiting_for_replicas',
      waitingFor: ['r-2'],
      rewrapped: 0,
      left: 0,
      unreadable: 0,
    });
  });

  it('should add up what is left under every old key', () => {
    const keys = [
      newKey('k-3'),
      newKey('k-1', { state: 'decrypt_only', values: 5, rewrapped: 10, unreadable: 1 }),
      newKey('k-2', { state: 'retired', values: 2, rewrapped: 7 }),
    ];
    expect(rotationOf(keys, [])).toMatchObject({
      key: 'k-3',
      phase: 'rewrapping',
      rewrapped: 17,
      left: 7,
      unreadable: 1,
    });
  });
});
