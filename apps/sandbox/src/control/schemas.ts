import { Ajv, type ErrorObject } from 'ajv';
import { invalidRequest } from '@app/common';
import type { Behaviour, CredentialPart, IssueOptions } from '../credentials/credential.js';
import type { Fault } from '../faults/fault.js';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const texts = { type: 'object', additionalProperties: text } as const;
const ms = { type: 'integer', minimum: 0, maximum: 3_600_000 } as const;
const seconds = { type: 'integer', minimum: 1, maximum: 315_360_000 } as const;
const status = { type: 'integer', minimum: 200, maximum: 599 } as const;

const closed = (required: Record<string, unknown>, optional: Record<string, unknown> = {}) => ({
  type: 'object',
  required: Object.keys(required),
  properties: { ...required, ...optional },
  additionalProperties: false,
});

const behaviour = {
  ttl_seconds: seconds,
  refresh_ttl_seconds: seconds,
  old_token_dies: flag,
  rotation: { enum: ['static', 'strict', 'grace'] },
  grace_seconds: seconds,
  ttl_as_string: flag,
};

const scope = { step: { enum: ['refresh', 'relogin'] }, credential: text, delay_ms: ms };
const fault = (kind: Fault['kind'], required: Record<string, unknown> = {}, optional: Record<string, unknown> = {}) =>
  closed({ kind: { const: kind }, ...required }, { ...optional, ...scope });

const FAULTS = {
  delay: fault('delay', { ms }),
  delay_answer: fault('delay_answer', { ms }),
  stall: fault('stall', { ms }),
  respond: fault('respond', { status }, { headers: texts, body: text, processed: flag }),
  answer: fault('answer', { id: text }),
  modify: fault(
    'modify',
    {},
    {
      status,
      headers: texts,
      set: { type: 'object' },
      delete: { type: 'array', items: text },
      body: text,
    },
  ),
  flood: fault(
    'flood',
    { bytes: { type: 'integer', minimum: 14, maximum: 1_000_000_000 } },
    { chunked: flag, processed: flag },
  ),
  truncate: fault('truncate'),
  close_before: fault('close_before', {}, { reset: flag }),
  close_after: fault('close_after', {}, { reset: flag }),
  rate_limited: fault('rate_limited', {}, { retry_after: { type: ['integer', 'string'] } }),
  redirect: fault('redirect', {}, { status, location: text }),
} satisfies Record<Fault['kind'], unknown>;

const anyFault = {
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: Object.values(FAULTS),
};

const ajv = new Ajv({ allowUnionTypes: true, discriminator: true });

const reader = <Body>(schema: object): ((body: unknown) => Body) => {
  const fits = ajv.compile<Body>(schema);
  return (body) => {
    if (fits(body)) {
      return body;
    }
    throw invalidRequest((fits.errors ?? []).map(fieldError));
  };
};

function fieldError({ instancePath, params, message = 'is malformed' }: ErrorObject) {
  const extra: unknown = params['additionalProperty'] ?? params['missingProperty'];
  const field = [...instancePath.split('/').slice(1), ...(typeof extra === 'string' ? [extra] : [])].join('.');
  return { field: field || 'body', message: 'additionalProperty' in params ? 'is not known here' : message };
}

/** `POST /_sandbox/credentials` */
export const readIssue = reader<IssueOptions & { readonly provider: string }>(
  closed(
    { provider: text },
    {
      ...behaviour,
      settings: { type: 'object' },
      secrets: texts,
      credential: texts,
    },
  ),
);

/** `PATCH /_sandbox/credentials/{id}` */
export const readBehaviour = reader<Behaviour>(closed({}, behaviour));

/** `POST …/expire` */
export const readExpire = reader<{ readonly part?: Exclude<CredentialPart, 'keys'> }>(
  closed({}, { part: { enum: ['access', 'refresh', 'all'] } }),
);

/** `POST …/revoke` */
export const readRevoke = reader<{ readonly part?: CredentialPart }>(
  closed({}, { part: { enum: ['access', 'refresh', 'keys', 'all'] } }),
);

/** `POST /_sandbox/faults` */
export const readFault = reader<{ readonly provider: string; readonly fault: Fault; readonly count?: number }>(
  closed({ provider: text, fault: anyFault }, { count: { type: 'integer', minimum: 1, maximum: 1_000_000 } }),
);

/** `POST /_sandbox/tokens` */
export const readToken = reader<{ readonly token: string }>(closed({ token: text }));
