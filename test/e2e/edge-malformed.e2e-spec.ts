import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { pathOf } from '../support/connect.js';
import { edgeClient, type EdgeClient, JSON_TYPE } from '../support/edge-client.js';
import { problemOf } from '../support/problem.js';
import { rawRequest, sendRaw } from '../support/raw-http.js';

const CALLER = '/admin/callers/malformed';

let broker: TestBroker;
let client: EdgeClient;

beforeAll(async () => {
  broker = await startBroker();
  client = edgeClient(broker);
});

afterAll(() => broker?.stop());

describe('a malformed body', () => {
  it.each([
    ['half an object', '{', 'body'],
    ['nothing', '', 'body'],
    ['a list that does not end', '{"rules":[}', 'body'],
    ['what only JavaScript reads', "{'rules':[]}", 'body'],
    ['__proto__', '{"__proto__":{"roles":["admin"]}}', '__proto__'],
    ['a prototype', '{"constructor":{"prototype":{"roles":["admin"]}}}', 'constructor'],
    ['a list', '[]', 'body'],
    ['a text', '"text"', 'body'],
    ['a number', '7', 'body'],
    ['null', 'null', 'body'],
    ['true', 'true', 'body'],
    ['a constructor', '{"constructor":1}', 'constructor'],
    ['a method of every object', '{"toString":1}', 'toString'],
    ['lists without end', `${'['.repeat(15_000)}${']'.repeat(15_000)}`, 'body'],
    ['a member of lists without end', `{"rules":${'['.repeat(15_000)}${']'.repeat(15_000)}}`, 'rules'],
    ['objects without end', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`, 'a'],
  ])('should be refused with 400: %s', async (_name, body, field) => {
    const { status, errors = [] } = problemOf(await client.ask('PUT', CALLER, { headers: JSON_TYPE, body }));

    expect([status, errors[0]?.field.split('.')[0]]).toEqual([400, field]);
    expect((await client.ask('GET', CALLER)).status).toBe(404);
  });

  it('should be refused with 400 where it is missing', async () => {
    for (const method of ['PUT', 'PATCH']) {
      expect(problemOf(await client.raw(method, CALLER))).toMatchObject({ status: 400, errors: [{ field: 'body' }] });
    }
  });

  it('should be refused with 400 on a route that takes none', async () => {
    const init = { headers: JSON_TYPE, body: '{"force":true}' };

    expect(problemOf(await client.ask('POST', `${pathOf('onmeta', 'x')}/pause`, init))).toMatchObject({
      status: 400,
      errors: [{ field: 'force' }],
    });
  });
});

describe('a malformed address', () => {
  it.each([
    ['half an escape', '/admin/providers/%'],
    ['an escape of no number', '/admin/providers/%zz'],
    ['half a character', '/admin/providers/%E0%A4%A'],
    ['a byte that is no UTF-8', '/admin/providers/%ff'],
    ['an overlong slash', '/admin/providers/%C0%AF'],
    ['half a surrogate pair', '/admin/providers/%ED%A0%80'],
    ['NUL', '/admin/providers/%00'],
    ['an escaped slash', '/admin/providers/a%2fb'],
    ['a way up', '/admin/providers/..%2f..%2fetc'],
    ['64 characters', `/admin/providers/${'x'.repeat(64)}`],
    ['201 characters', `/admin/providers/${'x'.repeat(201)}`],
    ['6000 characters', `/admin/providers/${'x'.repeat(6000)}`],
    ['a line break', '/admin/providers/a%0d%0aX-Injected:1'],
    ['a blank', '/providers/on%20meta/token'],
  ])('should be refused with 400: a path with %s', async (_name, path) => {
    const answer = await client.raw('GET', path);
    const { status, errors = [] } = problemOf(answer);

    expect(status).toBe(400);
    expect(['path', 'provider']).toContain(errors[0]?.field);
    expect(answer.headers).not.toHaveProperty('x-injected');
  });

  it.each([
    '?%',
    '?limit=%zz',
    '?__proto__=1',
    '?constructor=1',
    '?toString=1',
    '?limit[]=1',
    '?%00=1',
    '?=1',
    '?limit=1;q=2',
  ])('should be refused with 400: the query %s', async (query) => {
    expect(problemOf(await client.raw('GET', `/admin/connections${query}`))).toMatchObject({ status: 400 });
  });
});

describe('what is no request', () => {
  it.each([
    ['a header of more than 8 kB', rawRequest('GET', '/health/live', [`X-Large: ${'x'.repeat(9000)}`])],
    ['headers of more than 8 kB', rawRequest('GET', '/health/live', Array(200).fill(`X-Many: ${'x'.repeat(60)}`))],
    ['a path of more than 8 kB', rawRequest('GET', `/admin/providers/${'x'.repeat(9000)}`)],
    ['a broken request line', 'GET\r\n\r\n'],
    ['a method that does not exist', rawRequest('STEAL', '/providers')],
    ['a header without a colon', rawRequest('GET', '/health/live', ['nonsense'])],
    ['a header with NUL', rawRequest('GET', '/health/live', ['X-Nul: a\0b'])],
    ['two lengths', rawRequest('PUT', CALLER, ['Content-Length: 2', 'Content-Length: 3'], '{}')],
    ['a length that is none', rawRequest('PUT', CALLER, ['Content-Length: -1'], '{}')],
    [
      'a length beside chunks',
      rawRequest('PUT', CALLER, ['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    ],
    ['HTTP/1.1 without a host', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('should be answered as a problem and the connection closed: %s', async (_name, text) => {
    const problem = problemOf(await sendRaw(broker.url, text));

    expect(problem).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ message: expect.any(String) }] });
    expect((await fetch(`${broker.url}/health/live`)).status).toBe(200);
  });

  it('should not be what asks for a miracle, or has headers of just under 8 kB', async () => {
    expect((await client.raw('GET', '/health/live', ['Expect: miracles'])).status).toBe(200);
    expect((await client.raw('GET', '/health/live', [`X-Large: ${'x'.repeat(7500)}`])).status).toBe(200);
  });
});
