import { baseUrlSetting, choiceSetting, type ProviderField, secretField, textSetting } from '../fields.js';
import { ONE_LINE } from '../patterns.js';

/** What is configured for KlearStack. */
export const KLEARSTACK_FIELDS: readonly ProviderField[] = [
  baseUrlSetting(true, "The customer's own host, e.g. https://acme.klearstackapp.com."),
  choiceSetting('encoding', ['form', 'multipart'], "How bodies are written; the vendor's pages show both."),
  textSetting('company_name', 'connection', true, 'Name of the company as KlearStack knows it.'),
  secretField('refresh_token', 'connection', 'unless_relogin', 'Refresh token; lives at least a day.'),
  secretField(
    'access_token',
    'connection',
    'unless_relogin',
    'Access token that still lives: refreshing needs it too.',
  ),
  secretField('username', 'connection', false, 'User to log in again with, without a person.', { pattern: ONE_LINE }),
  secretField('password', 'connection', false, 'Password of that user.', { pattern: ONE_LINE }),
];
