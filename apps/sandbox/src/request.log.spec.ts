import { describe, expect, it } from '@jest/globals';
import { RequestLog } from './request.log.js';

const arrival = {
  at: '2026-11-21T10:00:00Z',
  provider: 'klavi',
  method: 'GET',
  path: '/refresh',
  step: 'refresh',
} as const;

describe('RequestLog', () => {
  it('should show a request before it is answered, and complete it', () => {
    const sut = new RequestLog();
    const complete = sut.open({ ...arrival, credential: 'a' });
    const before = sut.list();

    complete({ processed: true, answer: 'success' });
    complete({ status: 200 });

    expect(before).toMatchObject([{ seq: 1, processed: false, answer: null, status: null }]);
    expect(sut.list()).toMatchObject([{ seq: 1, processed: true, answer: 'success', status: 200 }]);
  });

  it('should list by provider, credential and step', () => {
    const sut = new RequestLog();
    sut.open({ ...arrival, credential: 'a' });
    sut.open({ ...arrival, credential: 'b', step: 'relogin' });
    sut.open({ ...arrival, credential: null, provider: 'onmeta' });

    const seqs = [{ provider: 'klavi' }, { credential: 'b' }, { step: 'refresh' as const }].map((filter) =>
      sut.list(filter).map(({ seq }) => seq),
    );

    expect(seqs).toEqual([[1, 2], [2], [1, 3]]);
  });

  it('should keep the newest ten thousand', () => {
    const sut = new RequestLog();
    for (let count = 0; count < 25_000; count++) {
      sut.open({ ...arrival, credential: null });
    }

    expect([sut.list().length, sut.list()[0]?.seq]).toEqual([10_000, 15_001]);
  });
});
