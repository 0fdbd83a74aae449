import type { FailureReason } from '@app/providers';
import { describe, expect, it } from '@jest/globals';
import { blockedError, drainingError, failureError, notFound, pendingError } from './refusal.js';
import { newConnection, NOW } from './testing/new-connection.js';

const name = { provider: 'klavi', connection: 'acme' };
const trouble = (reason: FailureReason, status: number | null = null) => ({ reason, status });

describe('notFound', () => {
  it('should depend on nothing but the names', () => {
    const { code, message, facts } = notFound({ ...newConnection(), ...name });
    expect({ code, message, facts }).toEqual({ code: 'not_found', message: notFound(name).message, facts: name });
  });
});

describe('failureError', () => {
  it('should say that a person is needed where the credential was refused', () => {
    const { code, message, facts } = failureError('rejected', trouble('unauthorized', 401), name, 5000);
    expect(code).toBe('reauthorization_required');
    expect(message).toMatch(/HTTP 401, unauthorized.*PATCH \/admin\/providers\/klavi\/connections\/acme/);
    expect(facts).toEqual({ ...name, upstream: { status: 401, reason: 'unauthorized' } });
  });

  it('should name the parameter that a misconfigured connection misses', () => {
    const missing = { ...trouble('missing_parameter', 500), parameter: 'company_name' };
    const { code, message, facts } = failureError('misconfigured', missing, name, 0);
    expect(code).toBe('connection_misconfigured');
    expect(message).toContain('company_name');
    const upstream = { status: 500, reason: 'missing_parameter' };
    expect(facts).toEqual({ ...name, parameter: 'company_name', upstream });
  });

  it('should name no parameter where none is known', () => {
    expect(failureError('misconfigured', trouble('invalid_client', 401), name, 0).facts).not.toHaveProperty(
      'parameter',
    );
  });

  it.each(['unreadable_answer', 'no_token', 'answer_too_large', 'redirected', 'unexpected_status'] as const)(
    'should call %s an unusable answer',
    (reason) => {
      const { code, facts } = failureError('unknown', trouble(reason, 200), name, 1000);
      expect(code).toBe('provider_error');
      expect(facts).toMatchObject({ retryAfter: 1, upstream: { status: 200, reason } });
    },
  );

  it.each([
    ['unknown', 'timeout'],
    ['unknown', 'connection_reset'],
    ['unknown', 'server_error'],
    ['not_sent', 'dns_failure'],
    ['not_sent', 'connect_failed'],
    ['not_sent', 'connect_timeout'],
    ['not_sent', 'tls_failure'],
    ['not_sent', 'rate_limited'],
    ['not_sent', 'unprocessed'],
    ['not_sent', 'abandoned_before_send'],
  ] as const)('should call %s for %s an unavailable provider', (kind, reason) => {
    expect(failureError(kind, trouble(reason), name, 1000).code).toBe('provider_unavailable');
  });

  it.each([
    [0, 1],
    [1000, 1],
    [1001, 2],
    [6999.5, 7],
  ])('should round a wait of %d ms up to %d s', (ms, seconds) => {
    const { message, facts } = failureError('not_sent', trouble('rate_limited', 429), name, ms);
    expect(facts.retryAfter).toBe(seconds);
    expect(message).toContain(`in ${seconds} s`);
  });
});

describe('blockedError', () => {
  it('should let an active connection send', () => {
    expect(blockedError(newConnection(), NOW, false)).toBeUndefined();
  });

  it('should let one with an unknown outcome send', () => {
    const connection = newConnection({ state: 'uncertain', lastOutcome: 'unknown', retryAt: NOW });
    expect(blockedError(connection, NOW, false)).toBeUndefined();
  });

  it.each([true, false])('should refuse where an operator paused it (admin: %s)', (ignoreBackoff) => {
    const error = blockedError(newConnection({ state: 'paused' }), NOW, ignoreBackoff);
    expect(error).toMatchObject({ code: 'connection_paused', facts: name });
  });

  it.each([true, false])('should refuse with what the provider said of the credential (admin: %s)', (ignoreBackoff) => {
    const connection = newConnection({ state: 'reauthorization_required', trouble: trouble('invalid_grant', 400) });
    const upstream = { status: 400, reason: 'invalid_grant' };
    const expected = { code: 'reauthorization_required', facts: { upstream } };
    expect(blockedError(connection, NOW, ignoreBackoff)).toMatchObject(expected);
  });

  it('should refuse with the parameter that the provider misses', () => {
    const missing = { ...trouble('missing_parameter', 500), parameter: 'refresh_token' };
    const error = blockedError(newConnection({ state: 'misconfigured', trouble: missing }), NOW, false);
    expect(error).toMatchObject({ code: 'connection_misconfigured', facts: { parameter: 'refresh_token' } });
  });

  it('should keep a refusal whose reason was lost', () => {
    const connection = newConnection({ state: 'reauthorization_required', trouble: null });
    const expected = { code: 'reauthorization_required', facts: { upstream: { status: null } } };
    expect(blockedError(connection, NOW, false)).toMatchObject(expected);
  });

  describe('while a back-off runs', () => {
    const backingOff = newConnection({
      retryAt: NOW + 6500,
      lastOutcome: 'not_sent',
      lastTrouble: trouble('rate_limited', 429),
    });

    it('should refuse with the last failure and the time that is left', () => {
      const upstream = { status: 429, reason: 'rate_limited' };
      const expected = { code: 'provider_unavailable', facts: { retryAfter: 7, upstream } };
      expect(blockedError(backingOff, NOW, false)).toMatchObject(expected);
    });

    it('should refuse with the same code as the attempt itself was answered', () => {
      const unusable = { ...backingOff, lastOutcome: 'unknown', lastTrouble: trouble('no_token', 200) } as const;
      expect(blockedError(unusable, NOW, false)).toMatchObject({ code: 'provider_error' });
    });

    it('should not hold an operator', () => {
      expect(blockedError(backingOff, NOW, true)).toBeUndefined();
    });

    it('should end', () => {
      expect(blockedError(backingOff, NOW + 6500, false)).toBeUndefined();
    });
  });
});

describe('what passes by itself', () => {
  it.each([pendingError(name), drainingError()])('should be worth asking again in a second (%#)', ({ code, facts }) => {
    expect(['refresh_pending', 'shutting_down']).toContain(code);
    expect(facts.retryAfter).toBe(1);
  });
});
