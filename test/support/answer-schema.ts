import { Ajv, type ValidateFunction } from 'ajv';
import type { OpenApi, Operation } from './openapi.js';

type Json = Readonly<Record<string, unknown>>;
type Response = { readonly content?: Readonly<Record<string, { readonly schema?: Json }>> };

const PROBLEM = 'application/problem+json';
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', PROBLEM]);

/** Says whether answers are as the description has them. */
export class AnswerSchemas {
  readonly #ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  readonly #known = new Map<unknown, ValidateFunction>();

  constructor(document: OpenApi) {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      this.#ajv.addSchema(toJsonSchema(schema) as Json, `#/components/schemas/${name}`);
    }
  }

  /** What is wrong with the body of an answer, or undefined where nothing is or its status has no schema. Problems all have one. */
  complaint({ responses }: Operation, status: number, mediaType: string, body: string): string | undefined {
    const content = (responses[status] as Response | undefined)?.content;
    const general = (responses['default'] as Response | undefined)?.content;
    const fallback = mediaType === PROBLEM ? general?.[PROBLEM]?.schema : firstOf(content);
    const schema = content?.[mediaType]?.schema ?? fallback;
    if (mediaType === PROBLEM && schema === undefined) {
      return `has no problem with the status ${status}`;
    }
    if (schema === undefined || !JSON_TYPES.has(mediaType)) {
      return undefined;
    }
    const validate = this.#validatorOf(schema);
    return validate(JSON.parse(body)) ? undefined : this.#ajv.errorsText(validate.errors);
  }

  /** Whether the description has a body for this status. */
  has({ responses }: Operation, status: number): boolean {
    return firstOf((responses[status] as Response | undefined)?.content) !== undefined;
  }

  #validatorOf(schema: Json): ValidateFunction {
    const validator = this.#known.get(schema) ?? this.#ajv.compile(toJsonSchema(schema) as Json);
    this.#known.set(schema, validator);
    return validator;
  }
}

const firstOf = (content: Response['content'] = {}): Json | undefined => Object.values(content)[0]?.schema;

/** OpenAPI 3.0 to JSON Schema: `nullable` is another type, and members that are not described are wrong. */
function toJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) {
    return schema.map(toJsonSchema);
  }
  if (typeof schema !== 'object' || schema === null) {
    return schema;
  }
  const { nullable, example: _example, default: _default, ...rest } = schema as Json;
  const closed = 'properties' in rest && !('additionalProperties' in rest) ? { additionalProperties: false } : {};
  const converted = Object.fromEntries(
    Object.entries({ ...rest, ...closed }).map(([name, value]) => [
      name,
      name === 'properties' ? membersOf(value as Json) : toJsonSchema(value),
    ]),
  );
  return nullable === true ? { anyOf: [converted, { type: 'null' }] } : converted;
}

/** Names of members are no keywords. */
const membersOf = (properties: Json): Json =>
  Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, toJsonSchema(schema)]));
