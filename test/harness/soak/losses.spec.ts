import { describe, expect, it } from '@jest/globals';
import { isUnavoidable } from './losses.js';
import { newCase, newLife, newRequest, START } from './testing/new-case.js';

const LOST = { delivered: false, fault: 'lost', status: null, answeredAt: null } as const;
const lives = [newLife()];

describe('isUnavoidable', () => {
  it('should be true of a strict account whose new refresh token went out only in an answer that was lost', () => {
    expect(isUnavoidable(newCase([newRequest(LOST)]), lives)).toBe(true);
  });

  it('should be false where the provider has consumed nothing', () => {
    const request = newRequest({ ...LOST, fault: 'black_hole', consumed: false, issued: null });
    expect(isUnavoidable(newCase([request]), lives)).toBe(false);
  });

  it('should be false where the new refresh token arrived, even if the old one was used again', () => {
    const again = newRequest({ id: 2, at: START + 30_000, consumed: false, issued: null, outcome: 'invalid_grant' });
    expect(isUnavoidable(newCase([newRequest(), again]), lives)).toBe(false);
  });

  it.each(['grace', 'static'] as const)('should be false where a repeat would have been safe: %s', (kind) => {
    expect(isUnavoidable(newCase([newRequest(LOST)], { kind }), lives)).toBe(false);
  });

  it('should look at the newest refresh token, not at one that was used since', () => {
    const next = newRequest({ id: 2, token: 'second', issued: 'third', at: START + 5000, closedAt: START + 5004 });
    expect(isUnavoidable(newCase([newRequest(LOST), next]), lives)).toBe(false);
    expect(isUnavoidable(newCase([newRequest(), { ...next, ...LOST }]), lives)).toBe(true);
  });
});
