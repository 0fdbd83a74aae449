import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { pathOf } from '../support/connect.js';
import { isWrong, JSON_VALUES, sendExactly } from '../support/malformed.js';
import type { Schema } from '../support/openapi.js';
import { startTestSandbox } from '../support/sandbox.js';

type Fields = Readonly<Record<string, unknown>>;

let sandbox: Sandbox;
let broker: TestBroker;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

/** The group as JSON text in which one field is exactly `json`. */
function groupWith(group: Fields, field: string, json: string): string {
  const others = Object.entries(group).filter(([name]) => name !== field);
  return `{${[...others.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`), `"${field}":${json}`].join(',')}}`;
}

/** One of each kind; that lists and objects are wrong whatever is in them, other tests show. */
const VALUES = JSON_VALUES.filter(([json, type]) => !['array', 'object'].includes(type) || json.length < 5);

/** Null removes a field of a connection and of what PATCH changes; whether it may is another question than its type. */
const mayBeNull = (method: string, group: string): boolean => method === 'PATCH' || group !== 'secrets';

describe.each(['onmeta', 'monetate', 'klearstack', 'klavi', 'berbix'])('the fields of %s', (type) => {
  let issued: { readonly settings: Fields; readonly secrets: Fields; readonly credential: Fields };
  let schemas: Readonly<Record<'settings' | 'secrets', Readonly<Record<string, Schema>>>>;

  beforeAll(async () => {
    issued = await sandbox.issue(type);
    const { body } = await broker.as().get(`/admin/provider-types/${type}`);
    schemas = { settings: body.provider.settings.properties, secrets: body.provider.secrets.properties };
    await broker
      .as()
      .put(pathOf(type, 'fuzzed'))
      .send({
        settings: issued.settings,
        credential: { ...issued.secrets, ...issued.credential },
      });
    // So that nothing is sent for the valid ones among the values.
    await broker.as().post(`${pathOf(type, 'fuzzed')}/pause`);
  });

  it.each([
    ['PUT', 'connection', 'settings'],
    ['PUT', 'connection', 'credential'],
    ['PATCH', 'connection', 'settings'],
    ['PATCH', 'connection', 'credential'],
    ['PUT', 'provider', 'secrets'],
  ])('should be refused by name where they are malformed: %s of a %s, %s', async (method, level, group) => {
    const path = level === 'connection' ? pathOf(type, 'fuzzed') : `/admin/providers/${type}`;
    const secrets = { ...issued.secrets, ...issued.credential };
    const whole: Readonly<Record<string, Fields>> =
      level === 'connection' ? { settings: issued.settings, credential: secrets } : { settings: {}, secrets: {} };
    const fields = schemas[group === 'settings' ? 'settings' : 'secrets'];
    const found: string[] = [];
    for (const [field, schema] of Object.entries(fields)) {
      for (const [json, valueType] of VALUES) {
        const groups = Object.entries(whole).map(
          ([name, values]) => `"${name}":${name === group ? groupWith(values, field, json) : JSON.stringify(values)}`,
        );
        const prefix = level === 'provider' && method === 'PUT' ? [`"type":"${type}"`] : [];
        const {
          status,
          fields: named,
          text,
        } = await sendExactly(broker, method, path, `{${[...prefix, ...groups].join(',')}}`);
        const isRemoval = json === 'null' && mayBeNull(method, group);
        const mustRefuse = !isRemoval && (isWrong(schema, valueType) || /\\u0000|\\ud800|\\udc00/.test(json));
        const isNamed = named.length > 0 && named.every((name) => name === 'body' || name.startsWith(`${group}.`));
        if (status !== 400 ? mustRefuse || ![200, 201].includes(status) : !isNamed) {
          found.push(`${field}=${json.slice(0, 60)} → ${status} ${text.slice(0, 200)}`);
        }
      }
    }

    expect(found).toEqual([]);
  });

  it('should not be more than the type knows', async () => {
    for (const group of ['settings', 'credential']) {
      for (const name of ['unexpected', 'constructor', 'toString', '', ' ', 'a.b', '☃', '__proto__']) {
        const { status, fields } = await sendExactly(
          broker,
          'PATCH',
          pathOf(type, 'fuzzed'),
          `{"${group}":{"${name}":"x"}}`,
        );
        expect([name, status]).toEqual([name, 400]);
        expect([`${group}.${name}`, 'body']).toContain(fields[0]);
      }
    }
  });
});
