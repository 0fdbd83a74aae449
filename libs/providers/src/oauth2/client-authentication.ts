import { requireSecret } from '../effective.js';
import type { EffectiveCredential } from '../provider.js';
import { basicAuthorization, clientAuthorization } from '../request/basic.js';
import { signAssertion } from './assertion.js';
import type { RequestPart } from './request-part.js';
import type { OAuth2Settings } from './settings.js';

/** RFC 7523, 2.2. */
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Where a secret goes that stands in a header and whose name is not set. */
export const SECRET_HEADER = 'x-api-key';

/**
 * How the client proves itself (RFC 6749, 2.3; RFC 7523, 2.2).
 * @param url the token endpoint, which a signed assertion is meant for.
 * @param now epoch milliseconds.
 * @throws BrokerError `connection_misconfigured` where a field is missing or the private key cannot be used.
 */
export async function authenticateClient(
  settings: OAuth2Settings,
  credential: EffectiveCredential,
  url: string,
  now: number,
): Promise<RequestPart> {
  const { client_auth: auth, client_id_name: idName = 'client_id' } = settings;
  const id = settings.client_id === undefined ? {} : { [idName]: settings.client_id };
  const secret = () => requireSecret(credential, 'client_secret');
  const both = () => ({ ...id, [settings.client_secret_name ?? 'client_secret']: secret() });
  switch (auth) {
    case 'basic':
      return { headers: { authorization: clientAuthorization(settings.client_id ?? '', secret()) } };
    case 'basic_empty_password':
      // To the letter: the secret is an API key, not the id of RFC 6749.
      return { headers: { authorization: basicAuthorization(secret(), '') } };
    case 'body':
      return { parameters: both() };
    case 'query':
      return { query: both() };
    case 'header':
      return {
        headers: { ...idHeader(settings), [(settings.client_secret_name ?? SECRET_HEADER).toLowerCase()]: secret() },
      };
    case 'private_key_jwt': {
      const assertion = await signAssertion(ownAssertion(settings), credential, url, now);
      return { parameters: { ...id, client_assertion_type: ASSERTION_TYPE, client_assertion: assertion } };
    }
    case 'none':
      return { parameters: id };
  }
}

/** The id goes into a header only under a name that was chosen for it. */
function idHeader({ client_id: id, client_id_name: name }: OAuth2Settings): Readonly<Record<string, string>> {
  return id === undefined || name === undefined ? {} : { [name.toLowerCase()]: id };
}

/** A client speaks for itself: issuer and subject are its id (RFC 7523, 3), whatever a grant's assertion says. */
function ownAssertion({ grant, assertion, client_id: id }: OAuth2Settings): OAuth2Settings['assertion'] {
  const { issuer: _issuer, subject: _subject, claims: _claims, ...rest } = assertion;
  return grant === 'jwt_bearer' ? { ...rest, issuer: id } : { issuer: id, ...assertion };
}
