import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { pathOf } from '../support/connect.js';
import { sendExactly } from '../support/malformed.js';

const TOKEN = '/providers/klavi/token';
const SECONDS = 'must be a whole number of seconds';
const ONCE = 'must be given once';

let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
});

afterAll(() => broker?.stop());

/** What a request is answered, with the complaints of its problem as `field: message`. */
async function told(method: string, path: string, body?: string, headers: Readonly<Record<string, string>> = {}) {
  const { status, text } = await sendExactly(broker, method, path, body, headers);
  const { errors = [], detail = '' } = (status >= 400 ? JSON.parse(text) : {}) as {
    errors?: readonly { field: string; message: string }[];
    detail?: string;
  };
  return { status, complaints: errors.map(({ field, message }) => `${field}: ${message}`), detail };
}

describe('a refusal', () => {
  it.each([
    ['POST', TOKEN, '{"connection":"demo","min_ttl":"60"}', `min_ttl: ${SECONDS}`],
    ['POST', TOKEN, '{"rejected_generation":null}', 'rejected_generation: must be a whole number'],
    ['GET', `${TOKEN}?min_ttl=60&min_ttl=70`, undefined, `min_ttl: ${ONCE}`],
    ['GET', `${TOKEN}?connection=a&connection=b`, undefined, `connection: ${ONCE}`],
    ['GET', `${TOKEN}?min_ttl=1.5`, undefined, `min_ttl: ${SECONDS}`],
    ['GET', `${TOKEN}?min_ttl=`, undefined, `min_ttl: ${SECONDS}`],
    ['GET', '/admin/callers?limit=1&limit=2', undefined, `limit: ${ONCE}`],
    ['GET', '/admin/callers?cursor=a&cursor=b', undefined, `cursor: ${ONCE}`],
    ['POST', '/audit/lookup', '{}', 'token: is required'],
    ['PUT', '/admin/callers/c0', '{"roles":"admin"}', 'roles: must be a list'],
    ['PUT', '/admin/callers/c0', '{"description":5}', 'description: must be a text'],
    ['PUT', '/admin/providers/p0', '{}', 'type: is required: GET /admin/provider-types lists the types there are'],
    ['POST', TOKEN, '{"connection":"demo","__proto__":{}}', '__proto__: is not known here'],
    ['PUT', '/admin/callers/c0', String.raw`{"rules":[{"\u005f_proto__":1}]}`, 'rules.0.__proto__: is not known here'],
    ['PUT', '/admin/callers/c0', '{"roles":', 'body: is not valid JSON'],
    ['PUT', '/admin/callers/c0', '', 'body: is missing: send a JSON object'],
  ])('should say what is wrong: %s %s %s', async (method, path, body, expected) => {
    expect(await told(method, path, body)).toMatchObject({ status: 400, complaints: [expected] });
  });

  it('should tell an administrator where the connections are, also of one that is to be refreshed', async () => {
    expect(await told('POST', `${pathOf('klavi', 'nope')}/refresh`)).toMatchObject({
      status: 404,
      detail: 'There is no connection klavi/nope: GET /admin/connections?provider=klavi lists those there are.',
    });
  });
});

describe('an empty body', () => {
  it('should be none, where one may be left out and where none is taken, whatever its type', async () => {
    await broker.as().put('/admin/callers/empty').send({}).expect(201);

    expect((await told('POST', '/admin/callers/empty/keys', '')).status).toBe(201);
    expect((await told('DELETE', '/admin/callers/empty', '')).status).toBe(204);
  });
});
