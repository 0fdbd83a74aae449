import type { ProviderField } from '../fields.js';
import type { Settings } from '../provider.js';
import type { OAuth2Settings } from './settings.js';

/** Names of the fields that a request is made with under these settings. */
export function neededBy(settings: OAuth2Settings): ReadonlySet<string> {
  const { grant, client_auth: auth, rolling, rotation } = settings;
  const needed = ['token_url'];
  if (['basic', 'body', 'query', 'private_key_jwt'].includes(auth)) {
    needed.push('client_id');
  }
  if (['basic', 'basic_empty_password', 'body', 'query', 'header'].includes(auth)) {
    needed.push('client_secret');
  }
  if (auth === 'private_key_jwt' || grant === 'jwt_bearer') {
    needed.push('private_key');
  }
  if (grant === 'refresh_token') {
    needed.push(rolling ? 'access_token' : 'refresh_token');
  }
  if (grant === 'refresh_token' && rotation === 'grace') {
    needed.push('grace_seconds');
  }
  return new Set(needed);
}

/** The fields, required where a request needs them and the preset does not set them. */
export function requiredFields(
  fields: readonly ProviderField[],
  settings: OAuth2Settings,
  ofPreset: Settings,
): readonly ProviderField[] {
  const needed = neededBy(settings);
  return fields.map((field) => ({
    ...field,
    required: needed.has(field.name) && !Object.hasOwn(ofPreset, field.name),
  }));
}
