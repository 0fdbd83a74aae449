import { LINES, ONE_LINE, PARAMETER_NAME, SCHEME } from '../../patterns.js';
import { type ProviderField, secretField, setting } from '../../fields.js';
import { complaintAboutKey } from '../../request/private-key.js';
import { choice, closed, record, text, whole } from './shapes.js';

/** Algorithms that an assertion can be signed with. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

const CLAIM = {
  anyOf: [{ type: 'string', pattern: ONE_LINE, maxLength: 4096 }, { type: 'number' }, { type: 'boolean' }],
} as const;

const ASSERTION = closed(
  {
    issuer: text(ONE_LINE, 'iss; the client_id where it is not set.'),
    subject: text(ONE_LINE, 'sub; the issuer where it is not set.'),
    audience: text(ONE_LINE, 'aud; the token_url where it is not set.'),
    key_id: text(ONE_LINE, 'kid in the header.'),
    algorithm: choice(ALGORITHMS, 'Algorithm of the signature.'),
    lifetime_seconds: { ...whole(10, 3600, 'exp, counted from the moment of the request.'), default: 300 },
    claims: record(PARAMETER_NAME, CLAIM, 'Further claims, e.g. scope.'),
  },
  'The JWT that is signed for the grant jwt_bearer (RFC 7523, 2.1) or for private_key_jwt (RFC 7523, 2.2).',
);

/** Who we are to the provider, and what is presented to it. */
export const CLIENT_FIELDS: readonly ProviderField[] = [
  setting('client_id', text(ONE_LINE, 'Client id.'), { required: true }),
  setting('client_auth', {
    type: 'string',
    description:
      'How the client proves itself: basic where nothing is set, none for jwt_bearer. basic_empty_password has the secret as user.',
    enum: ['basic', 'basic_empty_password', 'body', 'query', 'header', 'none', 'private_key_jwt'],
  }),
  setting(
    'client_id_name',
    text(
      PARAMETER_NAME,
      'Name that the client id is sent under; client_id, and for "header" nothing, where none is set.',
    ),
  ),
  setting(
    'client_secret_name',
    text(
      PARAMETER_NAME,
      'Name that the secret is sent under; client_secret, and for "header" x-api-key, where none is set.',
    ),
  ),
  setting('credential_in', choice(['body', 'query', 'header'], 'Where the credential goes.')),
  setting(
    'credential_name',
    text(PARAMETER_NAME, 'Parameter or header that carries the credential; refresh_token or Authorization by itself.'),
  ),
  setting(
    'credential_scheme',
    text(SCHEME, 'Word before a credential in a header; Bearer in Authorization by itself.'),
  ),
  setting('assertion', ASSERTION),
  secretField('client_secret', 'provider', true, 'Client secret.', { pattern: ONE_LINE }),
  {
    ...secretField('private_key', 'provider', false, 'Private key in PEM that assertions are signed with.', {
      pattern: LINES,
    }),
    check: complaintAboutKey,
  },
  secretField('refresh_token', 'connection', true, 'Refresh token.', { pattern: ONE_LINE }),
  secretField('access_token', 'connection', false, 'Access token that still lives, where it renews itself (rolling).', {
    pattern: ONE_LINE,
  }),
];
