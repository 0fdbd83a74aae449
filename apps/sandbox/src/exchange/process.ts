import { type Answer, requireAnswer } from '../contract/contract.js';
import type { Credential } from '../credentials/credential.js';
import type { Grant } from '../credentials/credential.store.js';
import type { Asked } from './asked.js';
import { decide } from './decide.js';
import { inAcceptedForm } from './form-answer.js';
import { fillJson, placeholders, type Values } from './template.js';

/** A request that was decided: its answer with nothing left to fill in, and what a success was filled with. */
export interface Processed {
  readonly answer: Answer;
  readonly values: Values;
}

/** Decides a request by the provider's rules; a success issues the tokens that its body names. */
export function processRequest(asked: Asked): Processed {
  const { respond, revoke } = decide(asked);
  if (respond !== 'success') {
    return { answer: inAcceptedForm(refuse(asked, respond, revoke), asked), values: {} };
  }
  const { success } = asked.exchange;
  const credential = requireCredential(asked);
  const tokens = Object.keys(asked.contract.sandbox.tokens);
  const kinds = placeholders(success.body).filter((name) => tokens.includes(name));
  const consumed = asked.store.index.findToken(asked.presented['refresh_token'] ?? '')?.token;
  const grant = asked.store.grant(credential, { kinds, requestedTtl: requestedTtl(asked), consumed });
  const values = valuesOf(asked, credential, grant);
  return { answer: inAcceptedForm({ ...success, body: fillJson(success.body, values) }, asked), values };
}

function refuse({ contract, credential, store }: Asked, id: string, revoke = false): Answer {
  if (revoke && credential) {
    store.revokeTokens(credential);
  }
  return requireAnswer(contract, id);
}

function requireCredential({ credential, contract }: Asked): Credential {
  if (!credential) {
    const place = `answers/${contract.provider}.json: mock_rules`;
    throw new Error(`${place} grant a request that names no credential; refuse it by refresh_unknown or keys_unknown.`);
  }
  return credential;
}

function requestedTtl({ exchange, fields }: Asked): number | undefined {
  const seconds = Number(fields.get(exchange.request.lifetime ?? 'ttl') ?? Number.NaN);
  return Number.isInteger(seconds) && seconds > 0 ? seconds : undefined;
}

function valuesOf({ contract, presented, now }: Asked, credential: Credential, grant: Grant): Values {
  const { tokens, ttl, refreshTtl } = grant;
  const seconds = now() / 1000;
  const asString = credential.behaviour.ttl_as_string ?? contract.sandbox.ttl_as_string;
  return {
    ...tokens,
    refresh_shown: presented['refresh_token'] ?? '',
    id: credential.id,
    ttl: asString ? String(ttl) : ttl,
    refresh_ttl: asString ? String(refreshTtl ?? 0) : (refreshTtl ?? 0),
    now: Math.floor(seconds),
    now_float: seconds,
    now_ms: String(now()),
    expires: Math.floor(seconds) + ttl,
    expires_float: seconds + ttl,
  };
}
