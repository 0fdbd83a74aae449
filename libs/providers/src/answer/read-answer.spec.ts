import { describe, expect, it } from '@jest/globals';
import type { OutboundAnswer } from '../outbound/exchange.js';
import type { Outcome } from '../outcome.js';
import type { Traits } from '../traits.js';
import { readAnswer } from './read-answer.js';
import type { Reading } from './reading.js';

const TRAITS: Traits = {
  rotation: 'static',
  rolling: 'none',
  oldTokenSurvives: null,
  introspection: false,
  relogin: [],
  unprocessedStatuses: [],
  refreshAt: 0.75,
  defaultTtlSeconds: 3600,
  tokenType: 'Bearer',
};
const READING: Reading = {
  accessToken: 'access_token',
  expiresIn: 'expires_in',
  credential: { refresh_token: 'refresh_token' },
  extra: { id: 'id' },
};

const read = (answer: Partial<OutboundAnswer>, reading: Partial<Reading> = {}): Outcome =>
  readAnswer(
    { status: 200, contentType: 'application/json', retryAfter: undefined, body: '', ...answer },
    { ...READING, ...reading },
    TRAITS,
    0,
  );

describe(readAnswer.name, () => {
  it('should read all that was issued', () => {
    const outcome = read({
      body: '{"access_token":"a1","expires_in":"1800","refresh_token":"r2","id":12345678901234567890}',
    });

    expect(outcome).toMatchObject({
      kind: 'ok',
      status: 200,
      grant: {
        tokenType: 'Bearer',
        expiresInSeconds: 1800,
        expiryClamped: false,
        extra: { id: '12345678901234567890' },
      },
    });
    const grant = outcome.kind === 'ok' ? outcome.grant : undefined;
    expect(grant?.accessToken.reveal()).toBe('a1');
    expect(grant?.credential['refresh_token']?.reveal()).toBe('r2');
  });

  it.each(['null', '""', '{}', '[]'])('should keep the credential where %s came back for it', (value) => {
    expect(read({ body: `{"access_token":"a1","refresh_token":${value}}` })).toMatchObject({
      grant: { credential: {} },
    });
  });

  it('should believe the body, not the media type', () => {
    expect(read({ contentType: 'text/html', body: '{"access_token":"a1"}' })).toMatchObject({ kind: 'ok' });
  });

  it('should accept any status of success', () => {
    expect(read({ status: 201, body: '{"access_token":"a1"}' })).toMatchObject({ kind: 'ok', status: 201 });
  });

  it.each(['', '<html>gateway</html>', '{"access_token":"a', '[]', '"a1"'])('should find %p unreadable', (body) => {
    expect(read({ body })).toEqual({ kind: 'unknown', status: 200, reason: 'unreadable_answer' });
  });

  it.each([
    '{}',
    '{"access_token":null}',
    '{"access_token":""}',
    '{"access_token":12}',
    '{"access_token":"a\\r\\nSet-Cookie: x"}',
    '{"access_token":"tökén"}',
    '{"__proto__":{"access_token":"a1"}}',
  ])('should find no token in %s', (body) => {
    expect(read({ body })).toEqual({ kind: 'unknown', status: 200, reason: 'no_token' });
  });

  it('should find no token in an absurdly long one', () => {
    expect(read({ body: JSON.stringify({ access_token: 'a'.repeat(20_000) }) })).toMatchObject({ reason: 'no_token' });
  });

  it('should cut off a prefix only where the provider may send one', () => {
    const body = ')]}\',\n{"access_token":"a1"}';

    expect(read({ body }, { prefixed: true })).toMatchObject({ kind: 'ok' });
    expect(read({ body })).toMatchObject({ reason: 'unreadable_answer' });
  });

  it('should report how long a busy provider wants to be left alone', () => {
    expect(read({ status: 429, retryAfter: '7' })).toEqual({
      kind: 'not_sent',
      status: 429,
      reason: 'rate_limited',
      retryAfterSeconds: 7,
    });
    expect(read({ status: 503, retryAfter: '7' })).toMatchObject({ reason: 'server_error', retryAfterSeconds: 7 });
    expect(read({ status: 429 })).toEqual({ kind: 'not_sent', status: 429, reason: 'rate_limited' });
    expect(read({ status: 401, retryAfter: '7' })).toEqual({ kind: 'rejected', status: 401, reason: 'unauthorized' });
  });

  it('should never take a token from an answer of failure', () => {
    expect(read({ status: 401, body: '{"access_token":"a1"}' })).toMatchObject({ kind: 'rejected' });
  });

  it('should let a provider tell a failure in its own way', () => {
    expect(read({ body: '{"access_token":"a1"}' }, { refusal: () => ({ meantStatus: 429 }) })).toEqual({
      kind: 'not_sent',
      status: 200,
      reason: 'rate_limited',
    });
    expect(read({ status: 500 }, { refusal: () => ({ reason: 'missing_parameter', parameter: 'p' }) })).toEqual({
      kind: 'misconfigured',
      status: 500,
      reason: 'missing_parameter',
      parameter: 'p',
    });
  });

  it('should print no secret when an outcome is logged', () => {
    const outcome = read({ body: '{"access_token":"canary-a","refresh_token":"canary-r"}' });

    expect(JSON.stringify(outcome)).not.toContain('canary');
  });
});
