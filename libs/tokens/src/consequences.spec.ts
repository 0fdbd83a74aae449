import { createLog, Secret } from '@app/common';
import { type Config, TIMING } from '@app/config';
import type { OpenAttempt } from '@app/connections';
import { failed, type Failure, ProviderRegistry, type Traits } from '@app/providers';
import { describe, expect, it } from '@jest/globals';
import { Consequences } from './consequences.js';
import { NOW } from './testing/new-connection.js';
import { newProvider } from './testing/new-provider.js';
import { newOpenAttempt } from './testing/open-attempt.js';

/** No jitter: the least wait is the most. */
const timing = { ...TIMING, backoffLeastMs: 1000, backoffMostMs: 1000 };

function newSut(traits: Partial<Traits> = {}, times = timing) {
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const config: Pick<Config, 'timing'> = { timing: times };
  const sut = new Consequences(new ProviderRegistry([newProvider(traits)]), config as Config, log, { now: () => NOW });
  return { sut, lines };
}

const of = (failure: Failure, attempt: Partial<OpenAttempt> = {}, traits: Partial<Traits> = {}) =>
  newSut(traits).sut.of(newOpenAttempt(attempt), failure);

const password = { refresh_token: new Secret('r'), password: new Secret('p') };
/** The longest of many waits after thirty failures, with a token that lives for so long. */
const longest = (
  leftMs: number | null,
  failure = failed('connect_failed'),
  { rolling = 'credential', ...attempt }: Partial<OpenAttempt> & { rolling?: Traits['rolling'] } = {},
) => {
  const { sut } = newSut({ rolling, relogin: [['password']] }, TIMING);
  const tokenExpiresAt = leftMs === null ? null : NOW + leftMs;
  const open = newOpenAttempt({ consecutiveFailures: 30, tokenExpiresAt, ...attempt });
  return Math.max(...Array.from({ length: 100 }, () => sut.of(open, failure).retryInMs));
};
const BUSY = failed('rate_limited', 429, { retryAfterSeconds: 3600 });

describe(Consequences.name, () => {
  describe('for the state', () => {
    it.each([
      ['rejected', failed('invalid_grant', 400), 'reauthorization_required'],
      ['misconfigured', failed('bad_request', 400), 'misconfigured'],
      ['not_sent', failed('connect_failed'), undefined],
      ['unknown', failed('timeout'), 'uncertain'],
    ])('should be drawn from %s', (_kind, failure, state) => {
      expect(of(failure).state).toBe(state);
    });

    it('should leave it where an outcome is not known and a repeat is safe', () => {
      expect(of(failed('timeout'), { oneShot: false })).not.toHaveProperty('state');
    });

    it.each([failed('invalid_client', 401), failed('invalid_grant', 400), failed('timeout'), failed('dns_failure')])(
      'should leave it where a question failed: that says nothing of the credential ($reason)',
      (failure) => {
        expect(of(failure, { step: 'introspect', oneShot: false })).not.toHaveProperty('state');
      },
    );

    it('should need a person where the answer to a question is that the credential is used', () => {
      const consequence = of(failed('credential_used', 200), { step: 'introspect', oneShot: false });
      expect(consequence.state).toBe('reauthorization_required');
    });
  });

  describe('for a log-in', () => {
    const traits = { relogin: [['password']] };
    const secrets = { refresh_token: new Secret('r'), password: new Secret('p') };
    const effective = { settings: {}, secrets };

    it('should be made at once where it can win a refused credential back', () => {
      const consequence = of(failed('unauthorized', 401), { effective, consecutiveFailures: 9 }, traits);
      expect(consequence).toEqual({ relogin: true, nextStep: 'relogin', retryInMs: 0, providerRefused: false });
    });

    it.each([
      ['the password is not there', {}, failed('unauthorized', 401)],
      ['the outcome is not known', { effective }, failed('timeout')],
      ['the log-in itself was refused', { effective, step: 'relogin' as const }, failed('unauthorized', 401)],
      ['only a question was answered', { effective, step: 'introspect' as const }, failed('credential_used', 200)],
    ])('should not be made where %s', (_what, attempt, failure) => {
      expect(of(failure, attempt, traits).relogin).toBe(false);
    });

    it('should stay what is tried next where it did not get through', () => {
      expect(of(failed('connect_failed'), { step: 'relogin' }).nextStep).toBe('relogin');
      expect(of(failed('connect_failed')).nextStep).toBe('refresh');
      expect(of(failed('timeout'), { step: 'introspect' }).nextStep).toBe('refresh');
    });
  });

  describe('for the provider', () => {
    const REFUSED = failed('invalid_client', 401);

    it('should concern all its connections where the refused secret is theirs, too', () => {
      expect(of(REFUSED).providerRefused).toBe(true);
      expect(of(REFUSED, { step: 'introspect' }).providerRefused).toBe(true);
    });

    it.each([
      ['the client is the connection’s own', REFUSED, { sharedSecrets: [] }],
      ['what is shared is no secret of its client', REFUSED, { sharedSecrets: ['password'] }],
      ['something else was refused', failed('unauthorized', 401), {}],
      ['the configuration is at fault', failed('bad_request', 400), {}],
      ['this account alone may be meant', failed('invalid_client', 401, { individual: true }), {}],
    ])('should not where %s', (_what, failure, attempt) => {
      expect(of(failure, attempt).providerRefused).toBe(false);
    });

    it('should be told in one line at level error, without a secret', () => {
      const { sut, lines } = newSut();
      sut.alert(newOpenAttempt(), REFUSED);
      expect(lines).toHaveLength(1);
      const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
      expect(line).toMatchObject({ level: 'error', provider: 'klavi', reason: 'invalid_client', status: 401 });
      expect(lines[0]).not.toContain('client-secret');
    });
  });

  describe('for the wait', () => {
    it('should be what the provider asked for, where that is longer', () => {
      expect(of(failed('rate_limited', 429, { retryAfterSeconds: 30 })).retryInMs).toBe(30_000);
      expect(of(failed('rate_limited', 429)).retryInMs).toBe(1000);
    });

    it('should grow with failures in a row, but not with those in which nobody was asked', () => {
      const { sut } = newSut({}, { ...TIMING, backoffLeastMs: 1000, backoffMostMs: 300_000 });
      const attempt = newOpenAttempt({ consecutiveFailures: 30 });
      const waits = (failure: Failure) => Array.from({ length: 50 }, () => sut.of(attempt, failure).retryInMs);
      expect(Math.max(...waits(failed('connect_failed')))).toBeGreaterThan(10_000);
      expect(new Set(waits(failed('abandoned_before_send')))).toEqual(new Set([1000]));
    });

    describe('of a credential that lapses with its token', () => {
      it.each(['credential', 'co_credential'] as const)('should be seconds while that lives (%s)', (rolling) => {
        expect(longest(300_000, failed('connect_failed'), { rolling })).toBeGreaterThan(10_000);
        expect(longest(300_000, failed('connect_failed'), { rolling })).toBeLessThanOrEqual(20_000);
        expect(longest(null, failed('connect_failed'), { rolling })).toBeLessThanOrEqual(20_000);
      });

      it.each([
        [25_000, 15_000],
        [16_000, 8000],
        [4000, 2000],
        [100, 1000],
      ])('should end before that does: of %i ms after %i at the latest', (leftMs, most) => {
        expect(longest(leftMs)).toBeLessThanOrEqual(most);
        expect(longest(leftMs, BUSY)).toBe(most);
      });

      it('should be what the provider asked for, as far as that leaves a last try', () => {
        expect(longest(300_000, failed('rate_limited', 429, { retryAfterSeconds: 60 }))).toBe(60_000);
        expect(longest(300_000, BUSY)).toBe(290_000);
      });

      it.each([
        ['nothing lapses', 60_000, { rolling: 'none' as const }],
        ['a log-in needs no person', 60_000, { effective: { settings: {}, secrets: password } }],
        ['it has lapsed', -1, {}],
      ])('should be as long as any where %s', (_what, leftMs, attempt) => {
        expect(longest(leftMs, failed('connect_failed'), attempt)).toBeGreaterThan(60_000);
        expect(longest(leftMs, BUSY, attempt)).toBe(3_600_000);
      });
    });
  });
});
