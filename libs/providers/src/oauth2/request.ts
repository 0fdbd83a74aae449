import { requireSecret } from '../effective.js';
import type { OutboundRequest } from '../outbound/exchange.js';
import type { EffectiveCredential } from '../provider.js';
import { buildRequest } from '../request/build-request.js';
import type { ParameterValue } from '../request/encode-body.js';
import { signAssertion } from './assertion.js';
import { authenticateClient } from './client-authentication.js';
import { joinParts, type RequestPart } from './request-part.js';
import type { OAuth2Settings } from './settings.js';
import { requireUrl } from './url-template.js';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * The request for a token (RFC 6749, 4.4 and 6; RFC 7523, 2.1).
 * @param now epoch milliseconds, for signed assertions.
 * @throws BrokerError `connection_misconfigured` where a stored field is missing or cannot be used.
 */
export async function tokenRequest(
  settings: OAuth2Settings,
  credential: EffectiveCredential,
  now: number,
): Promise<OutboundRequest> {
  const url = requireUrl('token_url', settings.token_url, settings.url_parameters);
  const client = await authenticateClient(settings, credential, url, now);
  const grant = await grantPart(settings, credential, url, now);
  const { headers, query, parameters } = joinParts([grant, scopePart(settings), client]);
  const fields = withConstants(parameters, settings.parameters);
  return buildRequest({
    method: settings.method,
    baseUrl: url,
    query,
    headers: { ...lowerCase(settings.headers), ...headers },
    ...(settings.encoding !== 'none' && { parameters: { encoding: settings.encoding, fields } }),
  });
}

/** What is presented for a token: nothing but the client itself, a signed assertion, or the credential that is held. */
async function grantPart(
  settings: OAuth2Settings,
  credential: EffectiveCredential,
  url: string,
  now: number,
): Promise<RequestPart> {
  const { grant, rolling, assertion, client_id: id } = settings;
  if (grant === 'client_credentials') {
    return { parameters: { grant_type: 'client_credentials' } };
  }
  if (grant === 'jwt_bearer') {
    const jwt = await signAssertion({ issuer: id, ...assertion }, credential, url, now);
    return joinParts([{ parameters: { grant_type: JWT_BEARER } }, presented(settings, 'assertion', jwt)]);
  }
  // A token that renews itself is no refresh token: its grant has another name at each provider, if it has one.
  if (rolling) {
    return presented(settings, 'access_token', requireSecret(credential, 'access_token'));
  }
  const token = presented(settings, 'refresh_token', requireSecret(credential, 'refresh_token'));
  return joinParts([{ parameters: { grant_type: 'refresh_token' } }, token]);
}

const scopePart = ({ scope }: OAuth2Settings): RequestPart => (scope === undefined ? {} : { parameters: { scope } });

function presented(settings: OAuth2Settings, usualName: string, value: string): RequestPart {
  const { credential_in: place, credential_name: name = usualName, credential_scheme: scheme } = settings;
  if (place === 'body') {
    return { parameters: { [name]: value } };
  }
  if (place === 'query') {
    return { query: { [name]: value } };
  }
  const header = credentialHeader(settings);
  const word = scheme ?? (header === 'authorization' ? 'Bearer' : undefined);
  return { headers: { [header]: word === undefined ? value : `${word} ${value}` } };
}

/** The header, in lower case, that the credential goes into where it goes into one. */
export const credentialHeader = ({ credential_name: name }: OAuth2Settings): string =>
  (name ?? 'authorization').toLowerCase();

/** Constants replace what is sent by itself, and null removes it. */
function withConstants(
  parameters: Readonly<Record<string, ParameterValue>>,
  constants: OAuth2Settings['parameters'],
): Readonly<Record<string, ParameterValue>> {
  const merged = Object.entries<ParameterValue | null>({ ...parameters, ...constants });
  return Object.fromEntries(merged.filter((entry): entry is [string, ParameterValue] => entry[1] !== null));
}

function lowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
