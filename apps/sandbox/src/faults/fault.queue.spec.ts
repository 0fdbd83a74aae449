import { describe, expect, it } from '@jest/globals';
import { FaultQueue } from './fault.queue.js';

describe('FaultQueue', () => {
  it('should give a fault as often as it was queued, in order', () => {
    const sut = new FaultQueue();
    sut.add('klavi', { kind: 'truncate' }, 2);
    sut.add('klavi', { kind: 'close_before' }, 1);

    const taken = [1, 2, 3, 4].map(() => sut.take('klavi', 'refresh', null)?.kind);

    expect(taken).toEqual(['truncate', 'truncate', 'close_before', undefined]);
  });

  it('should pass over faults of another provider, step or credential', () => {
    const sut = new FaultQueue();
    sut.add('onmeta', { kind: 'truncate' }, 1);
    sut.add('klavi', { kind: 'truncate', step: 'relogin' }, 1);
    sut.add('klavi', { kind: 'truncate', credential: 'a' }, 1);

    expect(sut.take('klavi', 'refresh', 'b')).toBeUndefined();
    expect(sut.take('klavi', 'refresh', null)).toBeUndefined();
    expect(sut.take('klavi', 'refresh', 'a')).toMatchObject({ credential: 'a' });
    expect(sut.take('klavi', 'relogin', 'b')).toMatchObject({ step: 'relogin' });
  });

  it('should forget those of one provider only', () => {
    const sut = new FaultQueue();
    sut.add('onmeta', { kind: 'truncate' }, 1);
    sut.add('klavi', { kind: 'truncate' }, 1);

    sut.clear('klavi');

    expect(sut.list()).toMatchObject([{ provider: 'onmeta', remaining: 1 }]);
  });
});
