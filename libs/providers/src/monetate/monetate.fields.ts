import { baseUrlSetting, choiceSetting, type ProviderField, secretField, textSetting } from '../fields.js';
import { complaintAboutKey } from '../request/private-key.js';
import { LINES } from '../patterns.js';

/** What is configured for Monetate. */
export const MONETATE_FIELDS: readonly ProviderField[] = [
  baseUrlSetting(false, 'Base of the Auth API where it is not the published one.'),
  textSetting('username', 'connection', true, 'Name of the API user, e.g. "api-111-demo".'),
  {
    ...choiceSetting(
      'algorithm',
      ['RS256', 'RS384', 'RS512'],
      'Algorithm that the request for a token is signed with.',
    ),
    usualLevel: 'connection',
  },
  {
    name: 'ttl_seconds',
    secret: false,
    usualLevel: 'connection',
    required: false,
    schema: {
      type: 'integer',
      description: 'Lifetime of the tokens to ask for, in seconds.',
      minimum: 900,
      maximum: 43_200,
      default: 3600,
    },
  },
  {
    ...secretField(
      'private_key',
      'connection',
      true,
      'RSA private key of at least 2048 bits in PEM, without a passphrase.',
      {
        pattern: LINES,
      },
    ),
    check: (pem) => complaintAboutKey(pem, 'rsa'),
  },
];
