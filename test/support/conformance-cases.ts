import { toSecrets } from '@app/common';
import { stringify } from 'lossless-json';
import type { Failure, FailureReason, Grant } from '@app/providers';
import type { AnswersFile, DocumentedAnswer, Fault, Step } from '../../apps/sandbox/src/index.js';

/** One exchange of a provider, as its answers file documents it. */
export interface DocumentedStep {
  readonly step: Step;
  readonly errors: readonly DocumentedAnswer[];
  /** The body of a success, as JSON text with placeholders. */
  readonly success: string;
  /** Dotted paths of what a success states; undefined where it does not. */
  readonly paths: {
    readonly token: string;
    readonly refresh: string | undefined;
    readonly expiresIn: string | undefined;
    readonly expiresAt: string | undefined;
  };
}

/** A fault of the wire or of the provider, and the failure that must come of it. */
export type BrokenAnswer = readonly [name: string, fault: Fault, failure: Failure];

/** The refresh of a provider and its ways to log in again. */
export function stepsOf({ success, errors, bootstrap }: AnswersFile): readonly DocumentedStep[] {
  return [
    documentedStep('refresh', success.body, errors),
    ...bootstrap.map((call) => documentedStep('relogin', call.success.body, call.errors)),
  ];
}

function documentedStep(step: Step, success: unknown, errors: readonly DocumentedAnswer[]): DocumentedStep {
  const token = pathOf(success, '{access}');
  if (token === undefined) {
    throw new Error(`The success of ${step} has no place for "{access}": write it into the answers file.`);
  }
  const refresh = pathOf(success, '{refresh}');
  const paths = { token, refresh, expiresIn: pathOf(success, '{ttl}'), expiresAt: pathOf(success, '{expires_float}') };
  return { step, errors, success: stringify(success) ?? '', paths };
}

/** What a documented answer must be read as. */
export function failureOf({ outcome, status, reason, parameter, headers }: DocumentedAnswer): Failure {
  const seconds = headers['Retry-After'];
  return {
    kind: outcome,
    status,
    reason: reason as FailureReason,
    ...(parameter !== undefined && { parameter }),
    ...(seconds !== undefined && { retryAfterSeconds: Number(seconds) }),
  };
}

/** Everything that goes wrong with any provider, whatever it documents. */
export function brokenAnswers({ success, paths }: DocumentedStep): readonly BrokenAnswer[] {
  // A refresh token that came without a usable access token is kept; what is in a Secret is not compared.
  const salvaged = paths.refresh === undefined ? {} : { salvaged: toSecrets({ refresh_token: 'any' }) };
  const withoutToken: Failure = { ...unknown('no_token', 200), ...salvaged };
  return [
    ['200 with HTML', respond(200, '<html>gateway</html>', 'text/html'), unknown('unreadable_answer', 200)],
    ['200 with an empty body', respond(200, ''), unknown('unreadable_answer', 200)],
    ['200 with JSON that is no object', respond(200, '["token"]'), unknown('unreadable_answer', 200)],
    ['truncated JSON', { kind: 'modify', body: success.slice(0, -1) }, unknown('unreadable_answer', 200)],
    ['an answer cut in the middle', { kind: 'truncate' }, unknown('connection_reset', 200)],
    ['no token', { kind: 'modify', delete: [paths.token] }, withoutToken],
    ['a token that is null', { kind: 'modify', set: { [paths.token]: null } }, withoutToken],
    ['a token with a line break', { kind: 'modify', set: { [paths.token]: 'a\r\nb' } }, withoutToken],
    ['__proto__', { kind: 'modify', body: `{"__proto__":${success}}` }, unknown('no_token', 200)],
    ['10 MB', { kind: 'flood', bytes: 10_000_000, processed: true }, unknown('answer_too_large', 200)],
    ['10 MB in chunks', { kind: 'flood', bytes: 10_000_000, chunked: true }, unknown('answer_too_large', 200)],
    ['a redirect', { kind: 'redirect' }, unknown('redirected', 302)],
    ['a redirect that keeps the method', { kind: 'redirect', status: 307 }, unknown('redirected', 307)],
    ['an end before the request is processed', { kind: 'close_before' }, unknown('connection_reset', null)],
    [
      'a reset before the request is processed',
      { kind: 'close_before', reset: true },
      unknown('connection_reset', null),
    ],
    ['an end after the request was processed', { kind: 'close_after' }, unknown('connection_reset', null)],
    [
      'a reset after the request was processed',
      { kind: 'close_after', reset: true },
      unknown('connection_reset', null),
    ],
    ['429 without Retry-After', { kind: 'rate_limited' }, rateLimited()],
    ['429 with seconds', { kind: 'rate_limited', retry_after: 7 }, rateLimited(7)],
    [
      '429 with a date long ago',
      { kind: 'rate_limited', retry_after: 'Thu, 01 Jan 1970 00:00:00 GMT' },
      rateLimited(0),
    ],
    ['429 with a Retry-After of nonsense', { kind: 'rate_limited', retry_after: 'soon' }, rateLimited()],
    ['502', respond(502, '<html>bad gateway</html>', 'text/html'), unknown('server_error', 502)],
    ['a status that means nothing here', respond(418, '{}'), unknown('unexpected_status', 418)],
  ];
}

/** Answers that never come, or never end, within any deadline. */
export const SLOW_ANSWERS: readonly BrokenAnswer[] = [
  ['an answer that does not come', { kind: 'delay', ms: 60_000 }, unknown('timeout', null)],
  ['an answer that does not end', { kind: 'stall', ms: 60_000 }, unknown('timeout', 200)],
];

/** Successes in an unusual shape, which must be understood all the same. */
export function unusualAnswers({ success, paths }: DocumentedStep): readonly (readonly [name: string, fault: Fault])[] {
  const name = paths.token.split('.').at(-1);
  const twice = success.replace(`"${name}":`, `"${name}":"not-the-last","${name}":`);
  return [
    ['duplicate keys, the last of which counts', { kind: 'modify', body: twice }],
    ['a wrong content type', { kind: 'modify', headers: { 'content-type': 'text/html' } }],
    ['no content type', { kind: 'modify', headers: { 'content-type': '' } }],
    ['201', { kind: 'modify', status: 201 }],
    ['a body with white space around it', { kind: 'modify', body: `\n  ${success}\n` }],
    ['unknown fields', { kind: 'modify', set: { surprise: { nested: [1, null] } } }],
  ];
}

type Lifetime = Pick<Grant, 'expiresInSeconds' | 'expiryClamped'>;

/** Lifetimes that an answer may state, and what must come of them. The token is opaque, so that nothing else tells. */
export function statedLifetimes(
  { paths }: DocumentedStep,
  zeroSaysNothing: boolean,
): readonly (readonly [string, Fault, Lifetime])[] {
  const { token, expiresIn, expiresAt } = paths;
  const opaque = { [token]: 'opaque-token' };
  const stating = [expiresIn, expiresAt].filter((path) => path !== undefined);
  const absent: Fault = { kind: 'modify', set: opaque, delete: stating };
  const stated = expiresIn === undefined ? [] : LIFETIMES;
  return [
    ['nothing', absent, NOTHING],
    ...stated.map(([value, expiresInSeconds, expiryClamped]) => {
      const fault: Fault = { kind: 'modify', set: { ...opaque, [expiresIn ?? '']: value } };
      const expected = value === 0 && zeroSaysNothing ? NOTHING : { expiresInSeconds, expiryClamped };
      return [JSON.stringify(value), fault, expected] as const;
    }),
  ];
}

const NOTHING: Lifetime = { expiresInSeconds: null, expiryClamped: false };
const YEAR = 365 * 86_400;
const LIFETIMES = [
  [0, 60, true],
  [-1, 60, true],
  ['soon', 60, true],
  [1800, 1800, false],
  ['3600', 3600, false],
  [1e12, YEAR, true],
] as const;

function pathOf(body: unknown, value: string): string | undefined {
  if (typeof body !== 'object' || body === null) {
    return undefined;
  }
  for (const [name, child] of Object.entries(body)) {
    const below = child === value ? '' : pathOf(child, value);
    if (below !== undefined) {
      return below === '' ? name : `${name}.${below}`;
    }
  }
  return undefined;
}

function respond(status: number, body: string, type = 'application/json'): Fault {
  return { kind: 'respond', status, body, headers: { 'content-type': type } };
}

function unknown(reason: FailureReason, status: number | null): Failure {
  return { kind: 'unknown', status, reason };
}

function rateLimited(retryAfterSeconds?: number): Failure {
  const failure = { kind: 'not_sent', status: 429, reason: 'rate_limited' } as const;
  return retryAfterSeconds === undefined ? failure : { ...failure, retryAfterSeconds };
}
