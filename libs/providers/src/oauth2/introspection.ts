import { lookUp } from '../answer/json.js';
import { parseBody } from '../answer/parse-body.js';
import { failureOf, isTwoHundred } from '../answer/read-failure.js';
import { requireSecret } from '../effective.js';
import type { OutboundAnswer, OutboundRequest } from '../outbound/exchange.js';
import type { IntrospectionOutcome } from '../outcome.js';
import type { EffectiveCredential } from '../provider.js';
import { buildRequest } from '../request/build-request.js';
import { authenticateClient } from './client-authentication.js';
import { errorReadingOf } from './reading.js';
import { joinParts } from './request-part.js';
import type { OAuth2Settings } from './settings.js';
import { traitsOfSettings } from './traits.js';
import { requireUrl } from './url-template.js';

/**
 * The question whether a refresh token is still active (RFC 7662, 2.1), from the same client as the refresh: always POST and
 * form-encoded, whatever the token endpoint wants.
 * @throws BrokerError `connection_misconfigured` where a stored field is missing or cannot be used.
 */
export async function introspectionRequest(
  settings: OAuth2Settings,
  credential: EffectiveCredential,
  now: number,
): Promise<OutboundRequest> {
  const url = requireUrl('introspection_url', settings.introspection_url, settings.url_parameters);
  const tokenUrl = requireUrl('token_url', settings.token_url, settings.url_parameters);
  const question = { token: requireSecret(credential, 'refresh_token'), token_type_hint: 'refresh_token' };
  // The assertion of a client names the authorization server by its token endpoint at either of them (RFC 7523, 3).
  const client = await authenticateClient(settings, credential, tokenUrl, now);
  const { headers, query, parameters } = joinParts([{ parameters: question }, client]);
  const constants = Object.entries(settings.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return buildRequest({
    method: 'POST',
    baseUrl: url,
    query,
    headers: { ...Object.fromEntries(constants), ...headers },
    parameters: { encoding: 'form', fields: parameters },
  });
}

/**
 * What the answer says (RFC 7662, 2.2): an active token is unused; any other is consumed, revoked or expired.
 * @param now epoch milliseconds of the answer.
 */
export function readIntrospection(answer: OutboundAnswer, settings: OAuth2Settings, now: number): IntrospectionOutcome {
  const reading = errorReadingOf(settings);
  const json = parseBody(answer, { ...reading, formEncoded: false });
  const active = isTwoHundred(answer) && json !== undefined ? lookUp(json, 'active') : undefined;
  if (typeof active === 'boolean') {
    return { kind: 'ok', status: answer.status, verdict: active ? 'unused' : 'used' };
  }
  return failureOf(answer, json, undefined, reading, traitsOfSettings(settings), now);
}
