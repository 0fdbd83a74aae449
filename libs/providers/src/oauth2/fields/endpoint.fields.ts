import { type ProviderField, setting } from '../../fields.js';
import {
  FIELD_NAME,
  HEADER_LINE,
  HEADER_NAME,
  ONE_LINE,
  PARAMETER_NAME,
  URL_TEMPLATE,
  URL_WORD,
} from '../../patterns.js';
import { choice, list, record, text, whole } from './shapes.js';

const CONSTANT = {
  anyOf: [
    { type: 'string', pattern: ONE_LINE, maxLength: 4096 },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'null' },
  ],
} as const;

/** Where the request goes, and what it carries beside the client and the credential. */
export const endpointFields = (presets: readonly string[]): readonly ProviderField[] => [
  setting('preset', {
    type: 'string',
    description: 'A known provider, whose settings are meant wherever none are set here.',
    enum: presets,
  }),
  setting(
    'token_url',
    text(URL_TEMPLATE, 'URL of the token endpoint; {name} stands for one of url_parameters, a query is kept.'),
    { required: true },
  ),
  setting(
    'url_parameters',
    record(FIELD_NAME, text(URL_WORD, 'The value.'), 'What {name} stands for in token_url and introspection_url.'),
    { usualLevel: 'connection' },
  ),
  setting('grant', choice(['refresh_token', 'client_credentials', 'jwt_bearer'], 'The grant that tokens come from.')),
  setting('method', choice(['POST', 'GET'], 'HTTP method of the request.')),
  setting('encoding', {
    type: 'string',
    description: 'How parameters are written: form where nothing is set, query for GET; none sends none at all.',
    enum: ['form', 'json', 'multipart', 'query', 'none'],
  }),
  setting(
    'parameters',
    record(PARAMETER_NAME, CONSTANT, 'Parameters sent with each request; null removes one that is sent by itself.'),
  ),
  setting(
    'headers',
    record(HEADER_NAME, text(HEADER_LINE, 'The value.'), 'Headers sent with each request, e.g. Notion-Version.'),
  ),
  setting('scope', text(ONE_LINE, 'Scope to ask for; none is sent where it is not set.'), {
    usualLevel: 'connection',
  }),
  setting(
    'introspection_url',
    text(URL_TEMPLATE, 'URL of an endpoint that tells whether a refresh token is still unused (RFC 7662).'),
  ),
  setting(
    'unprocessed_statuses',
    list(whole(400, 599, 'HTTP status.'), 'HTTP statuses that prove that the credential was not consumed, e.g. 503.'),
  ),
];
