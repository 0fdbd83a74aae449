import { baseUrlSetting, choiceSetting, type ProviderField, secretField } from '../fields.js';

/** What is configured for Klavi. */
export const KLAVI_FIELDS: readonly ProviderField[] = [
  choiceSetting('environment', ['production', 'sandbox'], "Which of Klavi's hosts is meant where base_url is not set."),
  baseUrlSetting(false, 'Host to use instead of the one of the environment; the path of the product is appended.'),
  choiceSetting('product', ['monitor', 'data'], 'The API family: "monitor" (Monitor) or "data" (Link, Connect).'),
  secretField('access_token', 'connection', 'unless_relogin', 'Access token that still lives: it renews itself.'),
  secretField('access_key', 'provider', false, 'Access key: with secret_key it allows logging in without a person.'),
  secretField('secret_key', 'provider', false, 'Secret key that belongs to the access key.'),
];
