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

const readLifetime = (rexp: unknown): Outcome =>
  read({ body: JSON.stringify({ access_token: 'a', refresh_token: 'r', rexp }) }, { credentialExpiresIn: 'rexp' });

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

  it('should salvage a new refresh token that came with an access token that cannot be used', () => {
    const outcome = read({ body: '{"access_token":"a\\nb","refresh_token":"r2"}' });

    expect(outcome).toMatchObject({ kind: 'unknown', status: 200, reason: 'no_token' });
    expect(outcome.kind === 'unknown' && outcome.salvaged?.['refresh_token']?.reveal()).toBe('r2');
    expect(JSON.stringify(outcome)).not.toContain('r2');
  });

  it.each<[string, Partial<OutboundAnswer>, Partial<Reading>]>([
    ['a failure', { status: 400, body: '{"refresh_token":"r2"}' }, {}],
    [
      'a refusal that rides on 200',
      { body: '{"refresh_token":"r2","error":"x"}' },
      { error: 'error', codes: { x: 'invalid_grant' } },
    ],
    [
      'the unusable token itself',
      { body: '{"access_token":"a\\nb"}' },
      { credential: { access_token: 'access_token' } },
    ],
    ['nothing', { body: '{"refresh_token":null}' }, {}],
  ])('should salvage nothing from %s', (_what, answer, reading) => {
    expect(read(answer, reading)).not.toHaveProperty('salvaged');
  });

  it('should read how long the new refresh token lives', () => {
    expect(readLifetime('15897600')).toMatchObject({ grant: { credentialExpiresInSeconds: 15_897_600 } });
    for (const nonsense of [null, 0, -1, 'soon']) {
      expect(readLifetime(nonsense)).not.toHaveProperty('grant.credentialExpiresInSeconds');
    }
  });

  describe('what counts as success', () => {
    const token = '{"access_token":"a1","ok":true,"result":"0000"}';

    it.each([
      ['a status that is none', { status: 201 }, { successStatuses: [200] }, 'unexpected_status'],
      ['a body that says otherwise', {}, { successWhen: { path: 'ok', equals: false } }, 'no_token'],
      ['a body that says nothing', {}, { successWhen: { path: 'success', equals: true } }, 'no_token'],
    ])('should not take a token from %s', (_what, answer, reading, reason) => {
      expect(read({ body: token, ...answer }, reading)).toMatchObject({ kind: 'unknown', reason });
    });

    it.each([
      { successStatuses: [200, 201] },
      { successWhen: { path: 'ok', equals: true } },
      { successWhen: { path: 'ok', equals: 'true' } },
      { successWhen: { path: 'result', equals: '0000' } },
    ])('should be content with %j', (reading) => {
      expect(read({ body: token }, reading)).toMatchObject({ kind: 'ok' });
    });

    it('should never lose a token to an error field beside it', () => {
      const reading = { error: 'error', codes: { '0': 'invalid_grant' } } as const;

      expect(read({ body: '{"access_token":"a1","error":"0"}' }, reading)).toMatchObject({ kind: 'ok' });
    });
  });

  describe('what a failure means', () => {
    const reading: Partial<Reading> = {
      error: 'error',
      codes: { invalid_grant: 'invalid_grant', busy: 'bad_request' },
      meanings: [
        { status: 403, code: 'invalid_grant', reason: 'forbidden' },
        { status: 416, reason: 'rate_limited' },
        { code: 'ratelimited', reason: 'rate_limited' },
      ],
    };
    const failing = (status: number, code?: string) =>
      read({ status, body: code === undefined ? 'no JSON' : `{"error":"${code}"}` }, reading);

    it.each([
      [403, 'invalid_grant', 'rejected', 'forbidden'],
      [400, 'invalid_grant', 'rejected', 'invalid_grant'],
      [500, 'invalid_grant', 'rejected', 'invalid_grant'],
      [200, 'invalid_grant', 'rejected', 'invalid_grant'],
      [200, 'ratelimited', 'not_sent', 'rate_limited'],
      [200, 'surprise', 'unknown', 'no_token'],
      [416, undefined, 'not_sent', 'rate_limited'],
      [429, 'busy', 'not_sent', 'rate_limited'],
      [400, 'surprise', 'misconfigured', 'bad_request'],
      [400, 'constructor', 'misconfigured', 'bad_request'],
      [503, undefined, 'unknown', 'server_error'],
    ])('should read %d with %p as %s: %s', (status, code, kind, reason) => {
      expect(failing(status, code)).toEqual({ kind, status, reason });
    });
  });

  it('should print no secret when an outcome is logged', () => {
    const outcome = read({ body: '{"access_token":"canary-a","refresh_token":"canary-r"}' });

    expect(JSON.stringify(outcome)).not.toContain('canary');
  });
});
