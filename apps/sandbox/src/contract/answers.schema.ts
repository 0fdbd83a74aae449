const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const textMap = { type: 'object', additionalProperties: text } as const;
const status = { type: 'integer', minimum: 200, maximum: 599 } as const;
const ttl = { type: ['integer', 'null'], minimum: 1 } as const;

const object = (required: Record<string, unknown>, optional: Record<string, unknown> = {}) => ({
  type: 'object',
  required: Object.keys(required),
  properties: { ...required, ...optional },
});

const list = (items: unknown) => ({ type: 'array', items });

const header = object({ name: text, value: text });
const body = object({
  encoding: { enum: ['none', 'json', 'form_or_multipart'] },
  fields: list(object({ path: text }, { field: text, value: text })),
});
const success = object({ status, body: {} }, { content_type: text });
const flag = { type: 'boolean' } as const;
const rule = object({ if: { ...texts, minItems: 1 }, respond: text }, { any: flag, revoke: flag });
const answer = object(
  {
    id: { ...text, not: { const: 'success' } },
    status,
    content_type: text,
    headers: textMap,
    body: {},
    meaning: text,
    outcome: { enum: ['rejected', 'misconfigured', 'not_sent', 'unknown'] },
    reason: text,
  },
  { parameter: text },
);
const query = object({ name: text }, { field: text, min: { type: 'integer' }, max: { type: 'integer' } });
const call = { method: text, path: { ...text, pattern: '^/' }, headers: list(header), body };
const token = object(
  { format: { enum: ['jwt-hs256', 'jwt-es256', 'opaque'] } },
  { ttl_seconds: ttl, claims: { type: 'object' }, parts: list({ type: ['string', 'integer'] }) },
);
const sandbox = {
  ...object(
    {
      prefixes: { ...texts, minItems: 1 },
      tokens: { ...object({ access: token }), additionalProperties: token },
    },
    {
      rotation: { enum: ['static', 'strict', 'grace'] },
      grace_seconds: { type: 'integer', minimum: 1 },
      old_token_dies: { anyOf: [flag, texts] },
      ttl_as_string: flag,
      form_by_default: flag,
    },
  ),
  additionalProperties: false,
};
const name = { ...text, pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' };

/** The keys of an answers file that the engine reads; others are documentation and pass unchecked. */
export const ANSWERS_SCHEMA = object(
  {
    answers_version: { const: 1 },
    provider: name,
    title: text,
    request: object(call, { query: list(query), lifetime: text, assertion: object({ algorithms: texts }) }),
    success,
    errors: list(answer),
    mock_rules: { ...list(rule), minItems: 1 },
    bootstrap: list(object({ name: text, ...call, success, errors: list(answer), mock_rules: list(rule) })),
    sample: object({ settings: { type: 'object' }, secrets: textMap, credential: textMap }),
    sandbox,
  },
  { type: name },
);
