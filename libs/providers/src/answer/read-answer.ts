import { Secret } from '@app/common';
import type { OutboundAnswer } from '../outbound/exchange.js';
import type { Grant, Outcome } from '../outcome.js';
import type { Traits } from '../traits.js';
import { readExpiry, secondsOf } from './expiry.js';
import { type JsonObject, lookUp, textOf } from './json.js';
import { parseBody } from './parse-body.js';
import { failureOf, isSuccess, isTwoHundred } from './read-failure.js';
import type { Reading } from './reading.js';

/** A token that can be used: visible ASCII and blanks (RFC 6749, A.12), and not absurdly long. */
const USABLE_TOKEN = /^[\x20-\x7e]{1,16384}$/;

/**
 * The one place that answers of providers are read. Never throws. A body counts for what it contains, whatever media type
 * it claims.
 * @param now epoch milliseconds of the answer.
 */
export function readAnswer(answer: OutboundAnswer, reading: Reading, traits: Traits, now: number): Outcome {
  const json = parseBody(answer, reading);
  const refusal = reading.refusal?.(answer, json);
  if (refusal === undefined && json !== undefined && isSuccess(answer, json, reading)) {
    const token = lookUp(json, reading.accessToken);
    if (typeof token === 'string' && USABLE_TOKEN.test(token)) {
      return { kind: 'ok', status: answer.status, grant: grantOf(token, json, reading, traits, now) };
    }
  }
  const failure = failureOf(answer, json, refusal, reading, traits, now);
  const salvaged = failure.kind === 'unknown' && isTwoHundred(answer) && json ? salvage(json, reading) : {};
  return Object.keys(salvaged).length === 0 ? failure : { ...failure, salvaged };
}

function grantOf(token: string, json: JsonObject, reading: Reading, traits: Traits, now: number): Grant {
  const at = (path: string | undefined): unknown => (path === undefined ? undefined : lookUp(json, path));
  const stated = { expiresIn: at(reading.expiresIn), expiresAt: at(reading.expiresAt) };
  const expiry = readExpiry(stated, token, now, reading);
  const credentialSeconds = secondsOf(at(reading.credentialExpiresIn), reading);
  return {
    accessToken: new Secret(token),
    tokenType: traits.tokenType,
    expiresInSeconds: expiry.seconds,
    expiryClamped: expiry.clamped,
    credential: secretsAt(json, reading.credential),
    ...(credentialSeconds !== undefined &&
      credentialSeconds > 0 && { credentialExpiresInSeconds: Math.floor(credentialSeconds) }),
    extra: Object.fromEntries(textsAt(json, reading.extra)),
  };
}

/** What replaces fields of the credential although the access token beside it cannot be used. */
function salvage(json: JsonObject, { credential = {}, accessToken }: Reading): Readonly<Record<string, Secret>> {
  const others = Object.entries(credential).filter(([, path]) => path !== accessToken);
  return secretsAt(json, Object.fromEntries(others));
}

function secretsAt(json: JsonObject, paths?: Readonly<Record<string, string>>): Readonly<Record<string, Secret>> {
  return Object.fromEntries(textsAt(json, paths).map(([field, text]) => [field, new Secret(text)] as const));
}

function textsAt(json: JsonObject, paths: Readonly<Record<string, string>> = {}): (readonly [string, string])[] {
  return Object.entries(paths).flatMap(([name, path]) => {
    const text = textOf(lookUp(json, path));
    return text === undefined ? [] : [[name, text] as const];
  });
}
