import type { Provider, ProviderField, Traits } from '@app/providers';
import { TRAITS } from './new-connection.js';

const field = (
  name: string,
  usualLevel: ProviderField['usualLevel'],
  required: ProviderField['required'],
): ProviderField => ({ name, secret: true, usualLevel, required, schema: { type: 'string', description: name } });

/** A type with a client secret for all its connections, and a refresh token or a password for each of them. */
export const newProvider = (traits: Partial<Traits> = {}): Provider => ({
  type: 'oauth2',
  title: 'OAuth',
  documentation: 'https://example.com',
  defaultBaseUrl: null,
  fields: [
    field('client_secret', 'provider', false),
    field('refresh_token', 'connection', 'unless_relogin'),
    field('password', 'connection', false),
  ],
  traits: { ...TRAITS, ...traits },
  hosts: () => [],
  request: () => {
    throw new Error('Nothing is sent here.');
  },
  read: () => {
    throw new Error('Nothing is read here.');
  },
});
