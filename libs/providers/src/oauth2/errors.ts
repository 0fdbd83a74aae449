import type { FailureReason } from '../outcome.js';
import type { OAuth2Settings } from './settings.js';

/**
 * What error codes mean where nothing is configured for them.
 *
 * `temporarily_unavailable` and `server_error` belong to another endpoint (RFC 6749, 4.1.2.1) but are met at this one. They do
 * not prove that the refresh token was left alone, so the outcome is unknown; where a vendor promises it, `errors` can say so.
 */
export const codesOfRfc: Readonly<Record<string, FailureReason>> = {
  // RFC 6749, 5.2
  invalid_grant: 'invalid_grant',
  invalid_client: 'invalid_client',
  unauthorized_client: 'invalid_client',
  invalid_request: 'bad_request',
  unsupported_grant_type: 'bad_request',
  invalid_scope: 'bad_request',
  // RFC 8628, 3.5
  slow_down: 'rate_limited',
  // RFC 8707, 2
  invalid_target: 'bad_request',
  // RFC 6749, 4.1.2.1
  temporarily_unavailable: 'server_error',
  server_error: 'server_error',
};

/**
 * Vendors say these of one account as well: that it never installed the app, or has removed it. So they stop the connection and not its
 * provider, unless `errors` says that they mean the client.
 */
export const individual: ReadonlySet<string | number> = new Set(['unauthorized_client', 401]);

/**
 * What a status without a known error code means. A 401 is how a token endpoint refuses a client (RFC 6749, 5.2); where no
 * client proves itself, or the credential stands in the Authorization header, it can only be meant for the credential.
 */
export function reasonsOfStatuses({
  client_auth: auth,
  credential_in: place,
}: OAuth2Settings): Readonly<Record<number, FailureReason>> {
  return auth === 'none' || place === 'header' ? {} : { 401: 'invalid_client' };
}
