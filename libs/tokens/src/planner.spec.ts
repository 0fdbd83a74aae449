import { type Config, TIMING } from '@app/config';
import type { AttemptsRepository, Connection } from '@app/connections';
import { ProviderRegistry, type Traits } from '@app/providers';
import { describe, expect, it } from '@jest/globals';
import { Planner } from './planner.js';
import { newConnection, newToken, newTokenless, NOW, TRAITS } from './testing/new-connection.js';
import { newProvider } from './testing/new-provider.js';

const STRICT: Traits = { ...TRAITS, rotation: 'strict' };
/** A refresh that was sent ten seconds ago. */
const UNSETTLED = { firstSentAt: NOW - 10_000, lastSentAt: NOW - 10_000, unusedAt: null, askedInVainAt: null };
const ZOMBIE_END = NOW - 10_000 + TIMING.zombieMs;

function newSut(quietForMs = TIMING.quietMs) {
  const deferred: (readonly [string, number])[] = [];
  const attempts: Pick<AttemptsRepository, 'defer'> = {
    defer: ({ id }, ms) => Promise.resolve(void deferred.push([id, ms])),
  };
  const config: Pick<Config, 'timing'> = { timing: TIMING };
  const registry = new ProviderRegistry([newProvider()]);
  const feed = { currentForMs: () => quietForMs };
  const sut = new Planner(attempts as AttemptsRepository, registry, feed, config as Config, { now: () => NOW });
  return { sut, deferred };
}

const stale = (overrides: Partial<Connection> = {}): Connection => ({
  ...(overrides.token === null ? newTokenless() : newConnection()),
  type: 'oauth2',
  fields: new Set(['refresh_token']),
  traits: STRICT,
  ...overrides,
});

describe(Planner.name, () => {
  it('should have a connection refreshed with which nothing is the matter', async () => {
    const { sut, deferred } = newSut();
    await expect(sut.nextStep(stale(), false)).resolves.toBe('refresh');
    expect(deferred).toEqual([]);
  });

  it('should have somebody else’s attempt waited for', async () => {
    const { sut, deferred } = newSut();
    await expect(sut.nextStep(stale({ leased: true, unsettled: UNSETTLED }), false)).resolves.toBeUndefined();
    expect(deferred).toEqual([]);
  });

  describe('where an outcome is not known', () => {
    it('should send nothing a second time before the database was there for a while', async () => {
      const lastChance = stale({ unsettled: { ...UNSETTLED, lastSentAt: NOW - 100_000 }, token: null });
      await expect(newSut().sut.nextStep(lastChance, false)).resolves.toBe('refresh');
      const { sut } = newSut(4000);
      await expect(sut.nextStep(lastChance, false)).rejects.toMatchObject({ facts: { retryAfter: 6 } });
      await expect(sut.nextStep(stale(), false)).resolves.toBe('refresh');
    });

    it('should put off what must not be sent yet, and say for how long', async () => {
      const { sut, deferred } = newSut();
      const connection = stale({ unsettled: UNSETTLED });
      const facts = { retryAfter: 80, upstream: { status: null, reason: 'outcome_unknown' } };
      await expect(sut.nextStep(connection, false)).rejects.toMatchObject({ code: 'provider_unavailable', facts });
      expect(deferred).toEqual([[connection.id, ZOMBIE_END - NOW]]);
    });

    it('should put it off for an operator, too', async () => {
      const { sut } = newSut();
      await expect(sut.nextStep(stale({ unsettled: UNSETTLED }), true)).rejects.toMatchObject({
        code: 'provider_unavailable',
      });
    });

    it.each([0, 999, -999])('should not write anew what is planned already (%i ms apart)', async (apart) => {
      const { sut, deferred } = newSut();
      const planned = stale({ unsettled: UNSETTLED, state: 'uncertain', refreshAt: ZOMBIE_END + apart });
      await expect(sut.nextStep(planned, false)).rejects.toMatchObject({ code: 'provider_unavailable' });
      expect(deferred).toEqual([]);
    });

    it.each([
      ['it is planned for another time', { state: 'uncertain', refreshAt: ZOMBIE_END + 1000 }],
      ['it is not planned at all', { state: 'uncertain', refreshAt: null }],
      ['the connection does not show it yet', { state: 'active', refreshAt: ZOMBIE_END }],
    ] as const)('should write it where %s', async (_what, row) => {
      const { sut, deferred } = newSut();
      await expect(sut.nextStep(stale({ unsettled: UNSETTLED, ...row }), false)).rejects.toBeDefined();
      expect(deferred).toHaveLength(1);
    });

    it('should have the last try made when the old token is worth nothing', async () => {
      const { sut } = newSut();
      const long = { ...UNSETTLED, firstSentAt: NOW - 100_000, lastSentAt: NOW - 100_000 };
      const dying = newToken({ expiresAt: NOW + 30_000 });
      await expect(sut.nextStep(stale({ unsettled: long, token: dying }), false)).resolves.toBe('refresh');
    });
  });

  it('should have nothing sent of a quarantined connection, and look again within the hour', async () => {
    const { sut, deferred } = newSut();
    const trouble = { reason: 'database_restored', status: null };
    const connection = stale({ state: 'uncertain', trouble });
    await expect(sut.nextStep(connection, true)).rejects.toMatchObject({ code: 'conflict' });
    expect(deferred).toEqual([[connection.id, 3_600_000]]);
  });

  describe('where something forbids sending', () => {
    it.each([
      ['connection_paused', { state: 'paused' }],
      ['reauthorization_required', { state: 'reauthorization_required' }],
      ['connection_misconfigured', { state: 'misconfigured' }],
    ] as const)('should say so, to an operator as well (%s)', async (code, overrides) => {
      const { sut, deferred } = newSut();
      await expect(sut.nextStep(stale({ ...overrides, unsettled: UNSETTLED }), false)).rejects.toMatchObject({ code });
      await expect(sut.nextStep(stale(overrides), true)).rejects.toMatchObject({ code });
      expect(deferred).toEqual([]);
    });

    it.each([
      ['a back-off', 'provider_unavailable', { retryAt: NOW + 5000, lastOutcome: 'not_sent' }],
      [
        'a refused provider',
        'connection_misconfigured',
        { providerTrouble: { reason: 'invalid_client', status: 401 } },
      ],
    ] as const)('should hold callers back by %s, and no operator', async (_what, code, overrides) => {
      const { sut } = newSut();
      await expect(sut.nextStep(stale(overrides), false)).rejects.toMatchObject({ code });
      await expect(sut.nextStep(stale(overrides), true)).resolves.toBe('refresh');
    });
  });
});
