import { baseUrlSetting, choiceSetting, type ProviderField, secretField } from '../fields.js';
import { ONE_WORD } from '../patterns.js';

/** What is configured for Onmeta. */
export const ONMETA_FIELDS: readonly ProviderField[] = [
  choiceSetting(
    'environment',
    ['production', 'staging'],
    "Which of Onmeta's hosts is meant where base_url is not set.",
  ),
  baseUrlSetting(false, 'Host to use instead of the one of the environment.'),
  secretField(
    'api_key',
    'provider',
    true,
    'API key ("Client ID") from the dashboard; another one for each environment.',
  ),
  secretField('refresh_token', 'connection', 'unless_relogin', "The customer's refresh token from the log-in."),
  secretField(
    'email',
    'connection',
    false,
    "The customer's e-mail address: allows logging in again without a person.",
    {
      format: 'email',
      pattern: ONE_WORD,
    },
  ),
];
