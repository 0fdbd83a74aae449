import { Secret } from '@app/common';
import { failed } from '../failed.js';
import type { OutboundAnswer } from '../outbound/exchange.js';
import type { Failure, Grant, Outcome } from '../outcome.js';
import type { Traits } from '../traits.js';
import { readExpiry } from './expiry.js';
import { type JsonObject, lookUp, parseJsonObject, textOf } from './json.js';
import type { Reading, Refusal } from './reading.js';
import { reasonOfStatus } from './reason-of-status.js';
import { readRetryAfter } from './retry-after.js';

/** A token that can be used: visible ASCII and blanks (RFC 6749, A.12), and not absurdly long. */
const USABLE_TOKEN = /^[\x20-\x7e]{1,16384}$/;

/**
 * The one place that answers of providers are read. Never throws. A body counts for what it contains, whatever media type
 * it claims.
 * @param now epoch milliseconds of the answer.
 */
export function readAnswer(answer: OutboundAnswer, reading: Reading, traits: Traits, now: number): Outcome {
  const json = parseJsonObject(reading.prefixed === true ? fromFirstBrace(answer.body) : answer.body);
  const refusal = reading.refusal?.(answer, json);
  if (refusal !== undefined || answer.status < 200 || answer.status > 299) {
    return failureOf(refusal ?? { meantStatus: answer.status }, answer, reading, traits, now);
  }
  if (json === undefined) {
    return failed('unreadable_answer', answer.status);
  }
  const token = lookUp(json, reading.accessToken);
  return typeof token === 'string' && USABLE_TOKEN.test(token)
    ? { kind: 'ok', status: answer.status, grant: grantOf(token, json, reading, traits, now) }
    : failed('no_token', answer.status);
}

function grantOf(token: string, json: JsonObject, reading: Reading, traits: Traits, now: number): Grant {
  const at = (path: string | undefined): unknown => (path === undefined ? undefined : lookUp(json, path));
  const expiry = readExpiry({ expiresIn: at(reading.expiresIn), expiresAt: at(reading.expiresAt) }, token, now);
  const replaced = textsAt(json, reading.credential).map(([field, text]) => [field, new Secret(text)] as const);
  return {
    accessToken: new Secret(token),
    tokenType: traits.tokenType,
    expiresInSeconds: expiry.seconds,
    expiryClamped: expiry.clamped,
    credential: Object.fromEntries(replaced),
    extra: Object.fromEntries(textsAt(json, reading.extra)),
  };
}

function textsAt(json: JsonObject, paths: Readonly<Record<string, string>> = {}): (readonly [string, string])[] {
  return Object.entries(paths).flatMap(([name, path]) => {
    const text = textOf(lookUp(json, path));
    return text === undefined ? [] : [[name, text] as const];
  });
}

function failureOf(
  refusal: Refusal,
  answer: OutboundAnswer,
  { reasons = {} }: Reading,
  { unprocessedStatuses }: Traits,
  now: number,
): Failure {
  const failure =
    'reason' in refusal
      ? failed(refusal.reason, answer.status, refusal.parameter === undefined ? {} : { parameter: refusal.parameter })
      : failed(reasonOfStatus(refusal.meantStatus, reasons, unprocessedStatuses), answer.status);
  // Only a provider that cannot work at the moment can wish to be left alone for a while.
  const isBusy = failure.kind === 'not_sent' || failure.reason === 'server_error';
  const retryAfterSeconds = isBusy ? readRetryAfter(answer.retryAfter, now) : undefined;
  return retryAfterSeconds === undefined ? failure : { ...failure, retryAfterSeconds };
}

function fromFirstBrace(text: string): string {
  const start = text.indexOf('{');
  return start === -1 ? text : text.slice(start);
}
