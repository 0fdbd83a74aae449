import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { JSON_VALUES } from './malformed.js';
import { type OpenApi, type Operation, type Parameter, resolve, type Schema } from './openapi.js';

/** A request that was made up from the description of its operation. */
export interface FuzzedRequest {
  /** Values of the parameters in the path, not encoded. */
  readonly path: Readonly<Record<string, string>>;
  /** Pairs, so that a name can come twice. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or what is none. */
  readonly body: string | undefined;
}

/** Names of things that are there, so that a request gets further than 404. */
export const KNOWN_NAMES = ['fuzzed', 'onmeta', 'klavi', 'acme'] as const;

const HEADERS = ['if-match', 'if-none-match', 'x-request-id', 'accept', 'x-forwarded-for', 'traceparent', 'expect'];

/** Mostly what the operation takes, and now and then what nobody should send. */
export function fuzzedRequest(document: OpenApi, operation: Operation): Arbitrary<FuzzedRequest> {
  const parameters = operation.parameters ?? [];
  const schema = operation.requestBody?.content['application/json']?.schema;
  return fc.record({
    path: fc.record(Object.fromEntries(parameters.filter(isIn('path')).map((one) => [one.name, pathValue()]))),
    query: queryOf(parameters.filter(isIn('query'))),
    headers: fc.dictionary(fc.constantFrom(...HEADERS), headerValue(), { maxKeys: 2 }),
    body: schema === undefined ? rarely(fc.json()) : bodyOf(document, schema),
  });
}

const isIn =
  (place: Parameter['in']) =>
  (parameter: Parameter): boolean =>
    parameter.in === place;

const rarely = <Value>(value: Arbitrary<Value>): Arbitrary<Value | undefined> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

/** Text that breaks parsers, databases and logs; lone halves of characters cannot stand in a URL. */
const hostile = (): Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom('', '__proto__', 'constructor', '../../etc/passwd', "'; drop table callers; --", '\0', '${jndi:x}'),
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.string({ unit: 'binary-ascii', maxLength: 200 }),
    fc.integer().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  );

const pathValue = (): Arbitrary<string> =>
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...KNOWN_NAMES) }, { weight: 1, arbitrary: nonEmpty(hostile()) });

/** An empty part makes another path; dots are folded by URLs. */
const nonEmpty = (text: Arbitrary<string>): Arbitrary<string> =>
  text.map((value) => (/^\.{0,2}$/.test(value) ? 'x' : value));

function queryOf(parameters: readonly Parameter[]): Arbitrary<(readonly [string, string])[]> {
  const known = parameters.map(({ name, schema, required }) =>
    fc.option(
      fc
        .oneof({ weight: 3, arbitrary: queryValue(schema) }, { weight: 1, arbitrary: hostile() })
        .map((value) => [name, value] as const),
      { nil: undefined, freq: required === true ? 20 : 2 },
    ),
  );
  const unknown = rarely(fc.tuple(hostile(), hostile()));
  return fc
    .tuple(...known, unknown)
    .map((pairs) => pairs.filter((pair): pair is readonly [string, string] => pair !== undefined));
}

const queryValue = (schema: Schema): Arbitrary<string> =>
  schema.type === 'integer' || schema.type === 'number'
    ? fc.integer({ min: 0, max: 100_000 }).map(String)
    : fc.oneof(fc.constantFrom(...KNOWN_NAMES, ...(schema.enum ?? []).map(String), 'fuzzed/acme'), instant());

const instant = (): Arbitrary<string> => fc.date({ noInvalidDate: true }).map((date) => date.toISOString());

const headerValue = (): Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom('"1"', '*', 'W/"1"', '"1", "2"', '127.0.0.1'),
    fc.string({ unit: 'grapheme-ascii', maxLength: 100 }),
  );

/** A body of the schema, one with something wrong in it, or no JSON at all. */
function bodyOf(document: OpenApi, schema: Schema): Arbitrary<string | undefined> {
  const fitting = valueOf(document, schema);
  return fc.oneof(
    { weight: 6, arbitrary: fitting.map((value) => JSON.stringify(value)) },
    { weight: 4, arbitrary: withWrongMember(fitting) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ maxLength: 100 }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

/** One member is replaced, or one more there is. */
const withWrongMember = (fitting: Arbitrary<unknown>): Arbitrary<string> =>
  fc
    .tuple(fitting, fc.nat(), fc.constantFrom(...JSON_VALUES.map(([json]) => json)), fc.boolean(), hostile())
    .map(([value, at, json, isNew, name]) => {
      const members = Object.entries(Object(value) as object);
      const chosen = isNew ? name : (members[at % Math.max(members.length, 1)]?.[0] ?? name);
      const others = members
        .filter(([each]) => each !== chosen)
        .map(([each, held]) => `${JSON.stringify(each)}:${JSON.stringify(held)}`);
      return `{${[...others, `${JSON.stringify(chosen)}:${json}`].join(',')}}`;
    });

/** What is taken under a name, so that a body is not refused for the first member already. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  type: ['onmeta'],
  description: ['', 'made up'],
  rules: ['fuzzed/*', '*/*'],
  rule: ['fuzzed/acme'],
  networks: ['10.0.0.0/8', 'fd00::/8'],
  issuer: ['mtls'],
  subject: ['CN=made up', 'spiffe://example.org/*'],
  expires_at: ['2099-01-01T00:00:00Z'],
  access_token: ['held'],
  token: ['held'],
  connection: ['fuzzed', 'acme'],
};

/** A value of the schema of a member; what the description leaves open is anything. */
function valueOf(document: OpenApi, of: Schema, name = '', depth = 0): Arbitrary<unknown> {
  const schema = resolve(document, of);
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives !== undefined && depth < 6) {
    return fc.oneof(...alternatives.map((each) => valueOf(document, each, name, depth + 1)));
  }
  const value = plainValue(document, schema, name, depth);
  return schema.nullable === true || of.nullable === true ? fc.option(value, { freq: 4 }) : value;
}

function plainValue(document: OpenApi, schema: Schema, name: string, depth: number): Arbitrary<unknown> {
  if (schema.enum !== undefined) {
    return fc.constantFrom(...schema.enum);
  }
  switch (schema.type) {
    case 'string':
      return textValue(name);
    case 'integer':
    case 'number':
      return fc.oneof(fc.nat(100), fc.nat(100_000), fc.integer());
    case 'boolean':
      return fc.boolean();
    case 'array':
      return depth > 5
        ? fc.constant([])
        : fc.uniqueArray(valueOf(document, schema.items ?? {}, name, depth + 1), {
            maxLength: 3,
            selector: (item) => JSON.stringify(item),
          });
    case 'object':
      return objectOf(document, schema, name, depth);
    default:
      return schema.properties === undefined ? fc.jsonValue({ maxDepth: 2 }) : objectOf(document, schema, name, depth);
  }
}

const textValue = (name: string): Arbitrary<string> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...(TAKEN[name] ?? KNOWN_NAMES)) },
    { weight: 1, arbitrary: instant() },
    { weight: 1, arbitrary: hostile() },
  );

const SETTINGS = [{}, { base_url: 'http://127.0.0.1:1' }];
const SECRETS = [{}, { api_key: 'k', refresh_token: 'r' }, { refresh_token: 'r' }, { email: 'somebody@example.org' }];
const FREE_NAMES = ['base_url', 'api_key', 'refresh_token', 'ca_certificates', 'email'];

/** Fields of providers, which the description leaves open: what onmeta takes, or hostile texts under names that there are. */
const freeFields = (name: string): Arbitrary<object> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<object>(...(name === 'settings' ? SETTINGS : SECRETS)) },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...FREE_NAMES), hostile(), { maxKeys: 3 }) },
  );

function objectOf(document: OpenApi, { properties, required = [] }: Schema, name: string, depth: number) {
  if (properties === undefined || depth > 5) {
    return freeFields(name);
  }
  const members = Object.entries(properties).map(
    ([member, each]) => [member, valueOf(document, each, member, depth + 1)] as const,
  );
  return fc.record(Object.fromEntries(members), { requiredKeys: [...required] });
}
