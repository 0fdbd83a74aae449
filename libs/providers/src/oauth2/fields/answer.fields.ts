import { type ProviderField, setting } from '../../fields.js';
import { FIELD_NAME, ONE_LINE, SCHEME } from '../../patterns.js';
import { choice, closed, list, path, record, text, whole } from './shapes.js';

const YEAR = 365 * 86_400;

/** What an answer can be taken for by its status and error code. */
export const ANSWER_REASONS = [
  'invalid_grant',
  'unauthorized',
  'forbidden',
  'invalid_client',
  'missing_parameter',
  'bad_request',
  'not_found',
  'rate_limited',
  'unprocessed',
  'server_error',
] as const;

const PATHS = closed(
  {
    access_token: path('access_token by itself.'),
    refresh_token: path('refresh_token by itself.'),
    expires_in: path('expires_in by itself.'),
    expires_at: path('Nothing by itself.'),
    refresh_token_expires_in: path('refresh_token_expires_in by itself.'),
    error: path('error by itself.'),
  },
  'Where things stand in the answer: names with dots between them.',
);

const SUCCESS_WHEN = closed(
  {
    path: path('Place in the answer.'),
    equals: {
      description: 'What stands there.',
      anyOf: [{ type: 'string', maxLength: 200 }, { type: 'number' }, { type: 'boolean' }],
    },
  },
  'What must stand in the body of a success, e.g. ok: true.',
  ['path', 'equals'],
);

const MEANING = {
  ...closed(
    {
      status: whole(200, 599, 'HTTP status; any where it is not set.'),
      code: text(ONE_LINE, 'What stands at paths.error; anything where it is not set.'),
      reason: { type: 'string', description: 'What such an answer is taken for.', enum: ANSWER_REASONS },
    },
    'An answer and its meaning.',
    ['reason'],
  ),
  minProperties: 2,
} as const;

/** How answers are read. */
export const ANSWER_FIELDS: readonly ProviderField[] = [
  setting(
    'success_statuses',
    list(whole(200, 299, 'HTTP status.'), 'HTTP statuses of a success; any from 200 to 299 where it is not set.'),
  ),
  setting('success_when', SUCCESS_WHEN),
  setting('paths', PATHS),
  setting('expires_in_unit', choice(['seconds', 'milliseconds'], 'Unit of expires_in.')),
  setting('expires_at_format', choice(['epoch', 'epoch_ms', 'iso'], 'Form of expires_at: epoch seconds by itself.')),
  setting('default_ttl_seconds', {
    ...whole(60, YEAR, 'Lifetime of a token whose answer states none, or 0, and that is no JWT.'),
    default: 3600,
  }),
  setting(
    'errors',
    list(MEANING, 'What answers mean where it is not what RFC 6749, 5.2 says. The first that fits counts.'),
  ),
  setting('extra', record(FIELD_NAME, path('Place in the answer.'), 'What else is handed out with the token.')),
  setting('token_type', { ...text(SCHEME, 'Scheme that the token is used with.'), default: 'Bearer' }),
];
