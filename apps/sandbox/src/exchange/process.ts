import { type Answer, requireAnswer } from '../contract/contract.js';
import type { Credential } from '../credentials/credential.js';
import type { Grant } from '../credentials/credential.store.js';
import type { Asked } from './asked.js';
import { decide } from './decide.js';
import { fillJson, placeholders, type Values } from './template.js';

/** A request that was decided: its answer with nothing left to fill in, and what a success was filled with. */
export interface Processed {
  readonly answer: Answer;
  readonly values: Values;
}

/** Decides a request by the provider's rules; a success issues the tokens that its body names. */
export function processRequest(asked: Asked): Processed {
  const id = decide(asked);
  if (id !== 'success') {
    return { answer: requireAnswer(asked.contract, id), values: {} };
  }
  const { success } = asked.exchange;
  const credential = requireCredential(asked);
  const kinds = Object.keys(asked.contract.sandbox.tokens);
  const named = placeholders(success.body).filter((name) => kinds.includes(name));
  const grant = asked.store.grant(credential, named, requestedTtl(asked));
  const values = valuesOf(asked, credential, grant);
  return { answer: { ...success, body: fillJson(success.body, values) }, values };
}

function requireCredential({ credential, contract }: Asked): Credential {
  if (!credential) {
    const place = `answers/${contract.provider}.json: mock_rules`;
    throw new Error(`${place} grant a request that names no credential; refuse it by refresh_unknown or keys_unknown.`);
  }
  return credential;
}

function requestedTtl({ exchange, received }: Asked): number | undefined {
  const isOffered = exchange.request.query?.some(({ name }) => name === 'ttl');
  const text = isOffered ? received.query.get('ttl') : null;
  return text === null ? undefined : Number(text);
}

function valuesOf({ contract, now }: Asked, credential: Credential, { tokens, ttl }: Grant): Values {
  const seconds = now() / 1000;
  const asString = credential.behaviour.ttl_as_string ?? contract.sandbox.ttl_as_string;
  return {
    ...tokens,
    id: credential.id,
    ttl: asString ? String(ttl) : ttl,
    now: Math.floor(seconds),
    now_float: seconds,
    expires: Math.floor(seconds) + ttl,
    expires_float: seconds + ttl,
  };
}
