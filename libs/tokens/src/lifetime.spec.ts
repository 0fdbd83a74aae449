import { Secret } from '@app/common';
import type { Grant, Traits } from '@app/providers';
import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { lifetimeOf, refreshIn } from './lifetime.js';

const ID = '00000000-0000-4000-8000-000000000001';
const HOUR_MS = 3_600_000;

const newGrant = (expiresInSeconds: number | null): Grant => ({
  accessToken: new Secret('access-token'),
  tokenType: 'Bearer',
  expiresInSeconds,
  expiryClamped: false,
  credential: {},
  extra: {},
});

const traits: Traits = {
  rotation: 'static',
  rolling: 'none',
  oldTokenSurvives: null,
  introspection: false,
  relogin: [],
  unprocessedStatuses: [],
  refreshAt: 0.75,
  defaultTtlSeconds: 900,
  tokenType: 'Bearer',
};

describe('lifetimeOf', () => {
  it('should take off the time since the send and five seconds', () => {
    expect(lifetimeOf(newGrant(3600), traits, ID, 1500)).toMatchObject({ livesMs: 3_593_500, lifetimeSeconds: 3600 });
  });

  it('should take the default of the provider where it states none', () => {
    expect(lifetimeOf(newGrant(null), traits, ID, 0)).toMatchObject({ livesMs: 895_000, lifetimeSeconds: 900 });
  });

  it('should count whole seconds', () => {
    expect(lifetimeOf(newGrant(10.9), traits, ID, 0)).toMatchObject({ livesMs: 5000, lifetimeSeconds: 10 });
  });

  it('should never be negative', () => {
    expect(lifetimeOf(newGrant(3), traits, ID, 60_000)).toMatchObject({ livesMs: 0, lifetimeSeconds: 3 });
  });

  it('should renew at the fraction that the traits say', () => {
    const { livesMs, refreshInMs } = lifetimeOf(newGrant(3600), traits, ID, 0);
    expect(refreshInMs).toBe(refreshIn(livesMs, traits.refreshAt, ID));
  });
});

describe('refreshIn', () => {
  const ids = Array.from({ length: 2000 }, () => randomUUID());

  it('should always be the same for a connection', () => {
    expect(refreshIn(HOUR_MS, 0.75, ID)).toBe(refreshIn(HOUR_MS, 0.75, ID));
  });

  it('should spread connections evenly over 5 % of the lifetime either way', () => {
    const fractions = ids.map((id) => refreshIn(HOUR_MS, 0.75, id) / HOUR_MS);
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0.7);
    expect(Math.max(...fractions)).toBeLessThanOrEqual(0.8);
    for (const tenth of Array.from({ length: 10 }, (_, index) => 0.7 + index * 0.01)) {
      const share = fractions.filter((fraction) => fraction >= tenth && fraction < tenth + 0.01).length;
      expect(share).toBeGreaterThan(100);
    }
  });

  it('should leave at least a minute before the end', () => {
    const lives = 150_000;
    expect(Math.max(...ids.map((id) => refreshIn(lives, 0.75, id)))).toBe(90_000);
  });

  it('should not renew before half of a lifetime that is too short for a minute', () => {
    for (const lives of [3000, 60_000, 100_000]) {
      expect(refreshIn(lives, 0.75, ID)).toBe(lives / 2);
    }
  });

  it.each([0, 1, 1999])('should not ask a provider without end whose tokens live for %d ms', (lives) => {
    expect(refreshIn(lives, 0.75, ID)).toBe(1000);
  });

  it('should renew a token of 15 minutes after about 10', () => {
    const minutes = ids.map((id) => refreshIn(895_000, 10 / 15, id) / 60_000);
    expect(Math.min(...minutes)).toBeGreaterThan(9);
    expect(Math.max(...minutes)).toBeLessThan(11);
  });
});
