import { describe, expect, it } from '@jest/globals';
import { answers, holdsLiveToken, outlives, warningsOf } from './freshness.js';
import { newConnection, newToken, newTokenless, NOW } from './testing/new-connection.js';
import type { TokenRequest } from './token-request.js';

const newRequest = (overrides: Partial<TokenRequest> = {}): TokenRequest => ({
  provider: 'klavi',
  connection: 'acme',
  minTtlSeconds: 60,
  ...overrides,
});

/** A connection whose token has so many seconds left of an hour. */
const withSecondsLeft = (seconds: number) =>
  newConnection({
    token: newToken({ issuedAt: NOW + (seconds - 3595) * 1000, expiresAt: NOW + seconds * 1000 }),
  });

describe('holdsLiveToken', () => {
  it.each([
    [1, true],
    [0, false],
    [-1, false],
  ])('should judge a token that ends in %d ms', (ms, lives) => {
    expect(holdsLiveToken(newConnection({ token: newToken({ expiresAt: NOW + ms }) }), NOW)).toBe(lives);
  });

  it('should find none where there is none', () => {
    expect(holdsLiveToken(newTokenless(), NOW)).toBe(false);
  });
});

describe('outlives', () => {
  it.each([
    [60_000, true],
    [59_999, false],
  ])('should hold a life of %d ms against 60 s', (ms, outlived) => {
    expect(outlives(newToken({ expiresAt: NOW + ms }), 60, NOW)).toBe(outlived);
  });
});

describe('answers', () => {
  it('should take a token that lives as long as asked for, to the second', () => {
    expect(answers(withSecondsLeft(60), newRequest(), NOW)).toBe(true);
  });

  it('should not take one that lives shorter where its provider issues longer ones', () => {
    expect(answers(withSecondsLeft(59), newRequest(), NOW)).toBe(false);
  });

  it('should take a token that is due for renewal, as long as it lives long enough', () => {
    expect(answers(newConnection({ refreshAt: NOW - 1 }), newRequest(), NOW)).toBe(true);
  });

  it('should never take an expired token, however little is asked for', () => {
    expect(answers(withSecondsLeft(0), newRequest({ minTtlSeconds: 0 }), NOW)).toBe(false);
  });

  it('should never take a token that is not there', () => {
    expect(answers(newTokenless(), newRequest({ minTtlSeconds: 0 }), NOW)).toBe(false);
  });

  it('should not take the token that was reported as refused, however fresh', () => {
    const fresh = newConnection({ token: newToken({ issuedAt: NOW }) });
    expect(answers(fresh, newRequest({ rejectedGeneration: 7 }), NOW)).toBe(false);
  });

  it.each([6, 8])('should take a token although generation %d was reported', (rejectedGeneration) => {
    expect(answers(newConnection(), newRequest({ rejectedGeneration }), NOW)).toBe(true);
  });

  describe('where no token of the provider would live so long', () => {
    const tooMuch = newRequest({ minTtlSeconds: 7200 });

    it('should take what there is until it is due', () => {
      expect(answers(newConnection(), tooMuch, NOW)).toBe(true);
      expect(answers(newConnection({ refreshAt: null }), tooMuch, NOW)).toBe(true);
    });

    it('should not take what is due', () => {
      expect(answers(newConnection({ refreshAt: NOW }), tooMuch, NOW)).toBe(false);
    });

    it('should count the seconds that are taken off every lifetime', () => {
      expect(answers(newConnection(), newRequest({ minTtlSeconds: 3596 }), NOW)).toBe(true);
      expect(answers(newConnection(), newRequest({ minTtlSeconds: 3595 }), NOW)).toBe(false);
    });
  });

  it('should take a token of the last half minute: asking again would not give a longer one', () => {
    const request = newRequest({ minTtlSeconds: 3590 });
    expect(answers(withSecondsLeft(3566), request, NOW)).toBe(true);
    expect(answers(withSecondsLeft(3565), request, NOW)).toBe(false);
  });

  it('should ask the provider where an operator brought a token that lives shorter', () => {
    const token = newToken({ issuedAt: NOW, expiresAt: NOW + 20_000, lifetimeSeconds: null });
    expect(answers(newConnection({ token }), newRequest(), NOW)).toBe(false);
    expect(answers(newConnection({ token }), newRequest({ minTtlSeconds: 20 }), NOW)).toBe(true);
  });
});

const codes = (...parameters: Parameters<typeof warningsOf>) => warningsOf(...parameters).map(({ code }) => code);

describe('warningsOf', () => {
  it('should have none for a good token', () => {
    expect(warningsOf(newConnection(), newRequest(), NOW)).toEqual([]);
  });

  it('should say how long a token lives that lives shorter than asked for', () => {
    const [warning] = warningsOf(withSecondsLeft(42), newRequest(), NOW);
    expect(warning).toMatchObject({ code: 'min_ttl_unsatisfied', detail: expect.stringMatching(/42 s.*60 s/) });
  });

  it('should say why the renewal fails', () => {
    const lastTrouble = { reason: 'server_error', status: 500 };
    const [warning] = warningsOf(newConnection({ consecutiveFailures: 3, lastTrouble }), newRequest(), NOW);
    expect(warning).toMatchObject({ code: 'refresh_failing', detail: expect.stringContaining('server_error') });
  });

  it('should say that the outcome of the last renewal is not known', () => {
    expect(codes(newConnection({ state: 'uncertain' }), newRequest(), NOW)).toEqual(['outcome_unknown']);
  });

  it('should give all that apply', () => {
    const held = { ...withSecondsLeft(1), state: 'uncertain', consecutiveFailures: 1 } as const;
    expect(codes(held, newRequest(), NOW)).toEqual(['min_ttl_unsatisfied', 'outcome_unknown', 'refresh_failing']);
  });
});
