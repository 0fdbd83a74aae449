import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken } from '../support/connect.js';
import { type Answer, isWrong, JSON_VALUES, sendExactly, URL_TEXTS } from '../support/malformed.js';
import {
  bodySchema,
  fillPath,
  type OpenApi,
  readOpenApi,
  resolve,
  type Route,
  routesOf,
  type Schema,
} from '../support/openapi.js';

const SETTINGS = { base_url: 'http://127.0.0.1:1' };
const CREDENTIAL = { api_key: 'k', refresh_token: 'r' };
const CALLER = {
  description: '',
  roles: ['auditor'],
  rules: ['klavi/*', { rule: 'onmeta/*', expires_at: null, networks: ['10.0.0.0/8'] }],
  identities: [{ issuer: 'mtls', subject: 'CN=fuzzed' }],
  expires_at: null,
};
/** A body that each operation takes; one that is not here fails the test of its operation. */
const BODIES: Record<string, object> = {
  'POST /providers/{provider}/token': { connection: 'fuzzed', min_ttl: 60, rejected_generation: 1 },
  'PUT /admin/providers/{provider}': { type: 'onmeta', settings: SETTINGS, secrets: { api_key: 'k' } },
  'PATCH /admin/providers/{provider}': { settings: SETTINGS, secrets: { api_key: 'k' } },
  'PUT /admin/providers/{provider}/connections/{connection}': {
    settings: SETTINGS,
    credential: CREDENTIAL,
    token: broughtToken('t', 86_400),
  },
  'PATCH /admin/providers/{provider}/connections/{connection}': {
    settings: SETTINGS,
    credential: CREDENTIAL,
    token: broughtToken('t', 86_400),
  },
  'PUT /admin/callers/{caller}': CALLER,
  'PATCH /admin/callers/{caller}': CALLER,
  'POST /audit/lookup': { token: 'found-somewhere' },
  'POST /admin/callers/{caller}/keys': { expires_at: '2099-01-01T00:00:00Z' },
};
/** Parameters that an operation cannot do without. */
const NEEDED: Readonly<Record<string, string>> = { 'GET /admin/callers/{caller}/explain': 'connection=klavi/acme' };
const NAMES = { provider: 'fuzzed', connection: 'fuzzed', caller: 'fuzzed', key_id: 'aaaaaaaaaaaa', type: 'onmeta' };
const SUCCESS = [200, 201, 202, 204];
const REFUSED = [400, 404, 405, 409, 412, 413, 415];

const broker: TestBroker = await startBroker();
// Naming the key that seals already changes nothing.
BODIES['POST /admin/keys/rotate'] = { key: (await broker.as().get('/admin/keys')).body.items[0].id };
const document: OpenApi = await readOpenApi(broker);
const routes = routesOf(document).map((route) => [`${route.method} ${route.path}`, route] as const);

afterAll(() => broker.stop());

const put = (path: string, name: string) => sendExactly(broker, 'PUT', path, JSON.stringify(BODIES[name]));

/** Puts the things there that routes are about, whatever an earlier request did to them. */
async function prepare(): Promise<void> {
  await put('/admin/providers/fuzzed', 'PUT /admin/providers/{provider}');
  await put('/admin/providers/fuzzed/connections/fuzzed', 'PUT /admin/providers/{provider}/connections/{connection}');
  await put('/admin/callers/fuzzed', 'PUT /admin/callers/{caller}');
}

/** Requests that fail an expectation, so that one report shows all. */
async function failures<Case>(cases: readonly Case[], judge: (one: Case) => Promise<string | undefined>) {
  const found: string[] = [];
  for (let start = 0; start < cases.length; start += 16) {
    const complaints = await Promise.all(cases.slice(start, start + 16).map(judge));
    found.push(...complaints.filter((one) => one !== undefined));
  }
  return found;
}

/** What is wrong with an answer to a request in which only `field` is unusual, or undefined where nothing is. */
function complaint(what: string, field: string, { status, fields, text }: Answer, allowed = [...SUCCESS, ...REFUSED]) {
  const short = `${what.slice(0, 120)} → ${status} ${text.slice(0, 200)}`;
  if (!allowed.includes(status)) {
    return short;
  }
  const named = fields.length > 0 && fields.every((name) => [field, 'body', 'path'].includes(name.split('.')[0] ?? ''));
  return status === 400 && !named ? `not named: ${short}` : undefined;
}

describe.each(routes)('%s', (name, route: Route) => {
  const { method, path, operation } = route;
  const base = BODIES[name];
  const text = base === undefined ? undefined : JSON.stringify(base);
  const needed = NEEDED[name] ?? '';
  const filled = fillPath(path, NAMES);
  const normal = needed === '' ? filled : `${filled}?${needed}`;
  /** The path with this query, and with what it cannot do without. */
  const asking = (query: string): string =>
    needed === '' || query.startsWith('connection=') ? `${filled}?${query}` : `${filled}?${needed}&${query}`;

  beforeAll(prepare);

  it('should have a body in this test where it takes one', () => {
    expect(base !== undefined).toBe(operation.requestBody !== undefined);
  });

  it('should refuse what no route takes: an unknown parameter, and an unknown member', async () => {
    for (const field of ['unexpected', '__proto__', 'constructor', 'limit[]', '']) {
      const answer = await sendExactly(broker, method, asking(`${encodeURIComponent(field)}=1`), text);
      expect([field, answer.status, answer.fields]).toEqual([field, 400, [field]]);
    }
    for (const field of ['unexpected', 'constructor', 'hasOwnProperty']) {
      const answer = await sendExactly(broker, method, normal, JSON.stringify({ ...base, [field]: 1 }));
      const isRead = !['GET', 'HEAD'].includes(method);
      expect([field, isRead ? answer.fields : []]).toEqual([field, isRead ? [field] : []]);
    }
  });

  it('should take no malformed part of its path', async () => {
    const parts = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    const cases = parts.flatMap((part) => URL_TEXTS.map((value) => ({ part: part.name, value })));
    const found = await failures(cases, async ({ part, value }) => {
      const bare = fillPath(path, { ...NAMES, [part]: '<>' }).replace('%3C%3E', value);
      const asked = needed === '' ? bare : `${bare}?${needed}`;
      return complaint(`${method} ${asked}`, part, await sendExactly(broker, method, asked, text), namedBy(value));
    });

    expect(found).toEqual([]);
  });

  it('should take no malformed query parameter, and none twice', async () => {
    const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
    const single = parameters.flatMap(({ name: query, schema }) =>
      URL_TEXTS.map((value) => ({ query, asked: `${query}=${value}`, wrong: isWrongText(schema, value) })),
    );
    const twice = parameters.map(({ name: query }) => ({ query, asked: `${query}=1&${query}=1`, wrong: true }));
    const cases = [...single, ...twice];
    const found = await failures(cases, async ({ query, asked, wrong }) =>
      complaint(asked, query, await sendExactly(broker, method, asking(asked), text), wrong ? [400] : undefined),
    );

    expect(found).toEqual([]);
  });

  it('should take no malformed member of its body', async () => {
    const schema = bodySchema(document, operation);
    const cases = schema === undefined || base === undefined ? [] : mutations(schema, base);
    const found = await failures(cases, async ({ field, body, wrong }) =>
      complaint(
        `${field}: ${body}`,
        field.split('.')[0] ?? '',
        await sendExactly(broker, method, normal, body),
        wrong ? [400] : undefined,
      ),
    );

    expect(found).toEqual([]);
  });

  it('should take no body that is malformed as a whole', async () => {
    const bodies = [' ', '{', '[]', '"x"', '1', 'null', '{"a":1', '{"__proto__":{}}', '\uFEFF{}x', '{}{}', 'NaN'];
    const found = await failures(method === 'GET' ? [] : bodies, async (body) =>
      complaint(body, '__proto__', await sendExactly(broker, method, normal, body), [400]),
    );

    expect(found).toEqual([]);
  });

  it('should take an empty body for none', async () => {
    const empty = await sendExactly(broker, method, normal, '');
    await prepare();
    const none = await sendExactly(broker, method, normal);

    expect([empty.status, empty.fields]).toEqual([none.status, none.fields]);
    await prepare();
  });

  it('should take whatever stands in If-Match', async () => {
    const tags = [
      '',
      '*',
      '"1"',
      'W/"1"',
      '"1", "2"',
      `"${'9'.repeat(3000)}"`,
      '"\u00e9"',
      '*, "1"',
      '"',
      '{}',
      '-1',
      'null',
    ];
    const found = await failures(tags, async (tag) =>
      complaint(`If-Match: ${tag}`, '', await sendExactly(broker, method, normal, text, { 'if-match': tag })),
    );

    expect(found).toEqual([]);
  });
});

/** What may be answered where this text names something: not to find it, or where it can be no name, to refuse it. */
const namedBy = (text: string): number[] | undefined =>
  /^[a-z0-9][a-z0-9._-]{0,62}$/.test(text) ? undefined : [400, 404];

/** Whether a text that stands in a URL cannot be a value of this schema. */
function isWrongText({ type, enum: words, nullable }: Schema & { readonly format?: string }, text: string): boolean {
  if (words !== undefined) {
    return !words.includes(text);
  }
  return nullable !== true && (type === 'number' || type === 'integer') && !/^\d{1,9}$/.test(text);
}

interface Mutation {
  readonly field: string;
  readonly body: string;
  /** True where the schema cannot allow it. */
  readonly wrong: boolean;
}

/** The body with each of its members, and theirs, replaced by each malformed value. */
function mutations(schema: Schema, base: object, path: readonly string[] = []): Mutation[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const member = resolve(document, property);
    const place = [...path, name];
    const here = JSON_VALUES.map(([json, type]) => ({
      field: place.join('.'),
      body: replaced(base, place, json),
      wrong: isWrong({ ...member, ...(property.nullable === true && { nullable: true }) }, type),
    }));
    return here.concat(mutations(member, base, place));
  });
}

/** The body as JSON text in which the member at this place is exactly `json`. */
function replaced(base: object, [name = '', ...rest]: readonly string[], json: string): string {
  const entries = { ...(base as Record<string, unknown>), [name]: (base as Record<string, unknown>)[name] };
  const parts = Object.entries(entries).map(([key, value]) => {
    const nested = rest.length === 0 ? json : replaced((value ?? {}) as object, rest, json);
    return `${JSON.stringify(key)}:${key === name ? nested : JSON.stringify(value)}`;
  });
  return `{${parts.join(',')}}`;
}
