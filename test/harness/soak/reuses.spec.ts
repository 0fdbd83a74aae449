import { describe, expect, it } from '@jest/globals';
import type { RequestRecord } from '../upstream/index.js';
import { causeOf } from './reuses.js';
import { newAttempt, newCase, newLife, newRequest, START } from './testing/new-case.js';
import { TIMING } from './times.js';

const LOST = { delivered: false, fault: 'lost', status: null, answeredAt: null } as const;

const causeFor = (first: Partial<RequestRecord>, again: Partial<RequestRecord>): string => {
  const second = newRequest({ id: 2, consumed: false, issued: null, outcome: 'invalid_grant', ...again });
  const attempts = [newAttempt(), newAttempt({ id: 'second', sent_at: new Date(second.at - 1) })];
  const one = newCase([newRequest(first), second], { attempts });
  return causeOf({ at: second.at, token: 'first', request: 2 }, one, [newLife()]);
};

describe('causeOf', () => {
  it('should take a try after the zombie window for the last chance, where the answer had been lost', () => {
    expect(causeFor(LOST, { at: START + TIMING.zombieMs + 500 })).toBe('last_chance');
  });

  it('should blame us for one within the zombie window', () => {
    expect(causeFor(LOST, { at: START + TIMING.zombieMs - 500 })).toBe('ours');
  });

  it('should blame us where the answer had arrived', () => {
    expect(causeFor({}, { at: START + TIMING.zombieMs + 500 })).toBe('ours');
  });

  it('should blame us where a broker that lives on did not take the answer', () => {
    const unread = { delivered: false, answeredAt: START + 1000, closedAt: START + 2000 };
    expect(causeFor(unread, { at: START + TIMING.zombieMs + 500 })).toBe('ours');
  });

  it('should not blame us for a copy that the upstream let in late', () => {
    expect(causeFor(LOST, { at: START + 10, fault: 'late' })).toBe('late_copy');
  });

  it('should not have the last chance wait for a request that was answered with 429', () => {
    const last = newRequest({ id: 3, at: START + TIMING.zombieMs + 500, consumed: false, issued: null });
    const limited = newRequest({ id: 2, at: last.at - 1000, fault: 'rate_limited', consumed: false, issued: null });
    const sentAt = [START, limited.at, last.at].map((at) => new Date(at - 1));
    const attempts = sentAt.map((sent_at, index) => newAttempt({ id: `${index}`, sent_at }));
    const one = newCase([newRequest(LOST), limited, last], { attempts });
    expect(causeOf({ at: last.at, token: 'first', request: 3 }, one, [newLife()])).toBe('last_chance');
  });
});
