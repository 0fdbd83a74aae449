import type { OpenAPIObject } from '@nestjs/swagger';
import { CODES, codesOf } from './problem.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Response = Exclude<Operation['responses'][string], { $ref: string } | undefined>;

const TEXT = { type: 'string' } as const;
const SECONDS = { type: 'integer', minimum: 1, description: 'Whole seconds.' } as const;

/** The members of a problem document (`Problem`), as docs/http.md has them. */
const SCHEMAS: Schemas = {
  FieldError: {
    type: 'object',
    required: ['field', 'message'],
    properties: { field: { ...TEXT, example: 'min_ttl' }, message: TEXT },
  },
  Problem: {
    type: 'object',
    description: 'RFC 9457. `code` is what programs should look at.',
    required: ['type', 'title', 'status', 'detail', 'instance', 'code'],
    properties: {
      type: { ...TEXT, example: 'urn:claviger:problem:invalid_request' },
      title: TEXT,
      status: { type: 'integer', example: 400 },
      detail: { ...TEXT, description: 'What happened and what to do next, for people.' },
      instance: { ...TEXT, description: 'The request id.' },
      code: { ...TEXT, enum: [...CODES] },
      errors: { type: 'array', items: { $ref: '#/components/schemas/FieldError' } },
      retry_after: { ...SECONDS, description: 'Whole seconds, as in the header Retry-After.' },
      provider: TEXT,
      connection: TEXT,
      parameter: { ...TEXT, description: 'The parameter that the provider misses.' },
      upstream: {
        type: 'object',
        required: ['status', 'reason'],
        description: 'What the provider answered.',
        properties: { status: { type: 'integer', nullable: true }, reason: { ...TEXT, example: 'unauthorized' } },
      },
    },
  },
};

const CONTENT = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

const RETRY_AFTER = { 'Retry-After': { required: true, schema: SECONDS } };
/** What a refusal has beside what every answer has. */
const HEADERS: Readonly<Record<string, Response['headers']>> = {
  401: { 'WWW-Authenticate': { required: true, schema: { ...TEXT, example: 'Bearer realm="claviger"' } } },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

/** An operation, and where it is. */
interface Place {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

const needsKey = ({ operation }: Place): boolean => (operation.security ?? []).length > 0;
const takesBody = ({ operation }: Place): boolean => operation.requestBody !== undefined;

/** Which operations answer a status beside those that say so themselves; what else there may be stands under `default`. */
const ANSWERED: Readonly<Record<number, (place: Place) => boolean>> = {
  400: () => true,
  401: needsKey,
  404: ({ path }) => path.includes('{'),
  409: ({ path, method }) => path.startsWith('/admin/') && method !== 'get',
  412: ({ operation }) => (operation.parameters ?? []).some((one) => 'name' in one && one.name === 'If-Match'),
  413: takesBody,
  415: takesBody,
  429: needsKey,
  503: needsKey,
};

/** The description with the problems that each operation answers: `Problem`, the statuses of each, and `default` for all others. */
export function describeProblems(document: OpenAPIObject): OpenAPIObject {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods as Readonly<Record<string, Operation>>)) {
      const place = { path, method, operation };
      const statuses = Object.keys(ANSWERED).filter((status) => ANSWERED[Number(status)]?.(place) === true);
      const declared = Object.keys(operation.responses).filter((status) => Number(status) >= 400);
      for (const status of new Set([...statuses, ...declared, 'default'])) {
        operation.responses[status] = toProblem(status, operation.responses[status] as Response | undefined);
      }
    }
  }
  const { components = {} } = document;
  return { ...document, components: { ...components, schemas: { ...components.schemas, ...SCHEMAS } } };
}

/** What an operation says of it itself goes before. */
function toProblem(status: string, { description = '', ...declared }: Partial<Response> = {}): Response {
  const words = status === 'default' ? 'Any other problem.' : codesOf(Number(status)).join('; ');
  const headers = HEADERS[status];
  return {
    description: description === '' ? words : description,
    ...(declared.content === undefined && headers !== undefined && { headers }),
    content: CONTENT,
    ...declared,
  };
}
