import { type ProviderField, setting } from '../../fields.js';
import { choice, whole } from './shapes.js';

const YEAR = 365 * 86_400;

/** How the provider treats its credentials. */
export const BEHAVIOUR_FIELDS: readonly ProviderField[] = [
  setting(
    'rotation',
    choice(
      ['strict', 'grace', 'static'],
      'What using a refresh token twice does: strict kills the grant, grace is safe for grace_seconds, static is always safe.',
    ),
  ),
  setting('grace_seconds', whole(1, 30 * 86_400, 'For how long a repeat is safe, from the first use on.')),
  setting('old_token_survives', {
    type: 'boolean',
    description: 'Whether earlier access tokens live on after a refresh; unknown where it is not set.',
  }),
  setting('rolling', {
    type: 'boolean',
    description: 'Whether the access token is itself the credential, and renews itself while it lives.',
    default: false,
  }),
  setting('refresh_at', {
    type: 'number',
    description: "Fraction of a token's lifetime after which it is renewed; 0.75, or 0.85 for strict, by itself.",
    minimum: 0.1,
    maximum: 0.95,
  }),
  setting('refresh_token_idle_seconds', whole(3600, 2 * YEAR, 'A refresh token that is not used for so long dies.')),
];
