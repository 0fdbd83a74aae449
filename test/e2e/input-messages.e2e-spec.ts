import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, pathOf } from '../support/connect.js';
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

describe('If-Match', () => {
  const path = pathOf('klavi', 'matched');
  const patch = (match: string) => told('PATCH', path, '{"settings":{"product":"data"}}', { 'if-match': match });

  beforeAll(async () => {
    await broker
      .as()
      .put(path)
      .send({ credential: { access_token: 'a' }, token: broughtToken('t', 86_400) })
      .expect(201);
  });

  it('should match where one of several ETags does', async () => {
    expect((await patch('"7", "1"')).status).toBe(200);
    expect(await patch('"7", "1"')).toMatchObject({
      status: 412,
      detail: expect.stringMatching(/^The connection klavi\/matched is not at version 7 or 1 \(it is at version 2\): /),
    });
  });

  it('should be told in words where it is no ETag of ours, or asks for what is absent', async () => {
    expect(await patch('abc')).toMatchObject({
      status: 412,
      detail: expect.stringMatching(
        /^The connection klavi\/matched never had the ETag in If-Match.* in quotes, such as "7"/,
      ),
    });
    expect(await told('PUT', '/admin/providers/absent', '{"type":"klavi"}', { 'if-match': '*' })).toMatchObject({
      status: 412,
      detail: 'The provider absent must exist for If-Match: * (it does not exist): leave If-Match out to create it.',
    });
  });
});
