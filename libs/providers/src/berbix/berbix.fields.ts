import { baseUrlSetting, type ProviderField, secretField } from '../fields.js';

/** What is configured for Berbix. */
export const BERBIX_FIELDS: readonly ProviderField[] = [
  baseUrlSetting(
    false,
    'Host to use instead of the published one; test or live is chosen by the secret, not by the host.',
  ),
  secretField('api_secret', 'provider', true, 'API secret from the dashboard ("secret_test_…" or "secret_live_…").'),
  secretField('refresh_token', 'connection', true, 'Refresh token of one transaction.'),
];
