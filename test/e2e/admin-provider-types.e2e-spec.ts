import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { loadAnswers } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';

/** Every type with a name of its own has a file of answers, the conformance suite holds that; `oauth2` is configured as any other. */
const TYPES = [...loadAnswers().values()]
  .flatMap(({ type, provider }) => (type === undefined ? provider : []))
  .concat('oauth2')
  .toSorted();

/** The fields that each type of one vendor must have, as the table of providers lists them; `!` must be set, `?` unless a re-login is possible. */
const FIELDS = {
  onmeta: { settings: ['environment', 'base_url'], secrets: ['api_key!', 'refresh_token?', 'email'] },
  monetate: { settings: ['base_url', 'username!', 'algorithm', 'ttl_seconds'], secrets: ['private_key!'] },
  klearstack: {
    settings: ['base_url!', 'encoding', 'company_name!'],
    secrets: ['refresh_token?', 'access_token?', 'username', 'password'],
  },
  klavi: {
    settings: ['environment', 'base_url', 'product'],
    secrets: ['access_token?', 'access_key', 'secret_key'],
  },
  berbix: { settings: ['base_url'], secrets: ['api_secret!', 'refresh_token!'] },
};

/** What every type has beside its own. */
const COMMON_SETTINGS = ['ca_certificates'];

let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
});

afterAll(() => broker?.stop());

const get = async (type: string) => (await broker.as().get(`/admin/provider-types/${type}`)).body;

/** Which properties are write-only. */
const marksOf = (schema: { properties: Record<string, { writeOnly?: boolean }> }) =>
  new Set(Object.values(schema.properties).map(({ writeOnly }) => writeOnly === true));

describe('GET /admin/provider-types', () => {
  it('should list the types, as every list is answered', async () => {
    const { status, body } = await broker.as().get('/admin/provider-types');

    expect(status).toBe(200);
    expect(body.items.map(({ type }: { type: string }) => type)).toEqual(TYPES);
    expect(body.next_cursor).toBeNull();
  });

  it('should be paged as every list is', async () => {
    const first = await broker.as().get('/admin/provider-types?limit=2');
    const second = await broker.as().get(`/admin/provider-types?limit=1000&cursor=${first.body.next_cursor}`);

    expect([...first.body.items, ...second.body.items].map(({ type }) => type)).toEqual(TYPES);
    expect(second.body.next_cursor).toBeNull();
  });

  it.each(['limit=0', 'limit=1001', 'cursor=nonsense', 'unknown=1'])('should refuse ?%s by name', async (query) => {
    const { status, body } = await broker.as().get(`/admin/provider-types?${query}`);

    expect(status).toBe(400);
    expect(body.errors[0].field).toBe(query.split('=')[0]);
  });
});

describe('GET /admin/provider-types/{type}', () => {
  it.each(Object.entries(FIELDS))('should describe the fields of %s at both levels', async (type, fields) => {
    const { provider, connection, required, required_unless_relogin: unlessRelogin } = await get(type);
    const marked = (schema: { properties: object }): string[] =>
      Object.keys(schema.properties).map((name) => {
        const mark = unlessRelogin.includes(name) ? '?' : '';
        return `${name}${required.includes(name) ? '!' : mark}`;
      });

    for (const schema of [provider.settings, connection.settings]) {
      expect(marked(schema).toSorted()).toEqual([...fields.settings, ...COMMON_SETTINGS].toSorted());
    }
    for (const schema of [provider.secrets, connection.credential]) {
      expect(marked(schema).toSorted()).toEqual(fields.secrets.toSorted());
    }
  });

  it.each(TYPES)('should give valid JSON Schemas for %s that take nothing undeclared', async (type) => {
    const { provider, connection } = await get(type);

    for (const schema of [provider.settings, provider.secrets, connection.settings, connection.credential]) {
      const validate = new Ajv2020({ strict: true, formats: { uri: true, email: true } }).compile(schema);
      expect(validate({})).toBe(true);
      expect(validate({ undeclared: 'x' })).toBe(false);
      expect(validate(null)).toBe(false);
    }
  });

  it.each(TYPES)('should mark every secret of %s as write-only, and no setting', async (type) => {
    const { provider } = await get(type);

    expect(marksOf(provider.secrets)).toEqual(new Set([true]));
    expect(marksOf(provider.settings)).toEqual(new Set([false]));
  });

  it.each(TYPES)('should tell how tokens of %s rotate, expire and are renewed', async (type) => {
    const { traits } = await get(type);

    expect(traits).toEqual({
      rotation: expect.stringMatching(/^(static|strict)$/),
      grace_seconds: null,
      rolling: expect.stringMatching(/^(none|credential|co_credential)$/),
      old_token_survives: traits.old_token_survives,
      introspection: false,
      unprocessed_statuses: expect.any(Array),
      refresh_at: expect.any(Number),
      default_ttl_seconds: expect.any(Number),
      token_type: type === 'monetate' ? 'Token' : 'Bearer',
    });
    expect([true, false, null]).toContain(traits.old_token_survives);
    expect(traits.refresh_at).toBeGreaterThan(0);
    expect(traits.refresh_at).toBeLessThan(1);
  });

  it('should know what rolls, what logs in again, and when KlearStack is due', async () => {
    const [onmeta, klearstack, klavi] = await Promise.all(['onmeta', 'klearstack', 'klavi'].map(get));

    expect(onmeta).toMatchObject({ relogin: [['email', 'api_key']], traits: { rotation: 'static', rolling: 'none' } });
    expect(klearstack).toMatchObject({ relogin: [['username', 'password']], traits: { rolling: 'co_credential' } });
    expect(klearstack.traits.refresh_at).toBeCloseTo(10 / 15, 2);
    expect(klavi).toMatchObject({ relogin: [['access_key', 'secret_key']], traits: { rolling: 'credential' } });
  });

  it('should answer 404 for a type that there is none of, and 400 for what no type can be called', async () => {
    expect((await broker.as().get('/admin/provider-types/okta')).body).toMatchObject({
      status: 404,
      code: 'not_found',
    });
    const malformed = await broker.as().get('/admin/provider-types/OKTA!');
    expect(malformed.body).toMatchObject({ status: 400, errors: [{ field: 'type' }] });
  });
});
