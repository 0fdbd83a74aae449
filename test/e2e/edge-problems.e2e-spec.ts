import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, pathOf } from '../support/connect.js';
import { edgeClient, type EdgeClient, JSON_TYPE } from '../support/edge-client.js';
import { MEMBERS, problemOf } from '../support/problem.js';
import { sql } from '../support/test-database.js';

const LARGEST_BODY = 32 * 1024;

let broker: TestBroker;
let client: EdgeClient;

beforeAll(async () => {
  broker = await startBroker();
  client = edgeClient(broker);
});

afterAll(() => broker?.stop());

describe('a problem', () => {
  it('should be 400 where the input is malformed, with every field', async () => {
    const { status, code, errors = [] } = problemOf(await client.ask('GET', '/admin/connections?limit=x&colour=red'));

    expect([status, code]).toEqual([400, 'invalid_request']);
    expect(errors.map(({ field }) => field).toSorted()).toEqual(['colour', 'limit']);
  });

  it('should be 401 without a key, and 403 without the role', async () => {
    const authorization = `Bearer ${await broker.keyFor([], ['auditor'])}`;
    const keyless = await client.ask('GET', '/admin/providers', { headers: { authorization: '' } });
    const roleless = await client.ask('GET', '/admin/providers', { headers: { authorization } });

    expect(problemOf(keyless)).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(problemOf(roleless)).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('should be 404, 409 and 412 with what it is about', async () => {
    const credential = { access_token: 'x' };
    await broker
      .as()
      .put(pathOf('klavi', 'in-the-way'))
      .send({ credential, token: broughtToken('t', 86_400) });
    const guarded = { headers: { ...JSON_TYPE, 'if-match': '"999"' }, body: '{"type":"klavi"}' };

    expect(problemOf(await client.ask('GET', pathOf('klavi', 'never')))).toMatchObject({
      status: 404,
      code: 'not_found',
      provider: 'klavi',
      connection: 'never',
    });
    expect(problemOf(await client.ask('DELETE', '/admin/providers/klavi'))).toMatchObject({
      status: 409,
      code: 'conflict',
      provider: 'klavi',
    });
    expect(problemOf(await client.ask('PUT', '/admin/providers/klavi', guarded))).toMatchObject({
      status: 412,
      code: 'precondition_failed',
    });
  });

  it.each([
    '/',
    '/nowhere',
    '/admin',
    '/admin/',
    '/admin/providers/',
    '/admin/providers/onmeta/',
    '/providers/onmeta/tokens',
    '/PROVIDERS',
    '/audit',
    '/favicon.ico',
    '//providers',
    '/admin/../providers/x',
    '/.env',
  ])('should be 404 for the unknown path %s', async (path) => {
    expect(problemOf(await client.raw('GET', path))).toMatchObject({ status: 404, code: 'not_found' });
  });

  it.each([
    ['POST', '/providers', ['GET']],
    ['DELETE', '/providers/onmeta/token', ['GET', 'POST']],
    ['PUT', '/admin/connections', ['GET']],
    ['GET', `${pathOf('onmeta', 'x')}/refresh`, ['POST']],
    ['PUT', `${pathOf('onmeta', 'x')}/pause`, ['POST']],
    ['PATCH', '/audit/events', ['GET']],
    ['POST', '/health/live', ['GET']],
    ['OPTIONS', '/admin/providers', ['GET']],
    ['TRACE', '/admin/providers', ['GET']],
    ['QUERY', '/providers', ['GET']],
    ['SEARCH', '/providers', ['GET']],
    ['PROPFIND', pathOf('onmeta', 'x'), ['GET', 'PUT', 'PATCH', 'DELETE']],
  ])('should be 405 with Allow for %s %s', async (method, path, allowed) => {
    const answer = await client.raw(method, path);

    expect(problemOf(answer)).toMatchObject({ status: 405, code: 'method_not_allowed' });
    expect(answer.headers['allow']?.split(', ')).toEqual(expect.arrayContaining(allowed));
    expect(answer.headers['allow']).not.toContain(method);
  });

  it('should be 405 for a rare method with a body of any type, and 404 where no method has the path', async () => {
    const query = ['Content-Type: text/plain', 'Content-Length: 1'];

    expect(problemOf(await client.raw('QUERY', '/providers', query, '{'))).toMatchObject({ status: 405 });
    expect(problemOf(await client.raw('QUERY', '/nowhere'))).toMatchObject({ status: 404 });
    expect(problemOf(await client.raw('SEARCH', '/admin/providers/'))).toMatchObject({ status: 404 });
    expect(problemOf(await client.raw('SEARCH', '/providers?x=1'))).toMatchObject({ status: 405 });
  });

  it('should be 405 for HEAD where GET is not answered, and without a body', async () => {
    const answer = await client.raw('HEAD', `${pathOf('onmeta', 'x')}/resume`);

    expect([answer.status, answer.headers['allow'], answer.body]).toEqual([405, 'POST', '']);
  });

  it('should be 413 for a body of more than 32 kB, whether its length is stated or not', async () => {
    const fits = JSON.stringify({ description: 'x'.repeat(400) }).padEnd(LARGEST_BODY, ' ');
    const path = '/admin/callers/large';
    const type = 'Content-Type: application/json';
    const stated = await client.raw('PUT', path, [type, `Content-Length: ${LARGEST_BODY + 1}`], `${fits} `);
    const chunks = `${(LARGEST_BODY + 1).toString(16)}\r\n${fits} \r\n0\r\n\r\n`;
    const chunked = await client.raw('PUT', path, [type, 'Transfer-Encoding: chunked'], chunks);

    expect(problemOf(stated)).toMatchObject({ status: 413, code: 'payload_too_large' });
    expect(problemOf(chunked)).toMatchObject({ status: 413, code: 'payload_too_large' });
    expect((await client.ask('PUT', path, { headers: JSON_TYPE, body: fits })).status).toBe(201);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'x',
  ])('should be 415 for a body of type %s', async (type) => {
    const answer = await client.ask('PUT', '/admin/callers/typed', { headers: { 'content-type': type }, body: '{}' });

    expect(problemOf(answer)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  it('should be 415 for a body without a type, and not for JSON with a charset', async () => {
    const untyped = await client.raw('PUT', '/admin/callers/typed', ['Content-Length: 2'], '{}');
    const headers = { 'content-type': 'application/json; charset=utf-8' };

    expect(problemOf(untyped)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect((await client.ask('PUT', '/admin/callers/typed', { headers, body: '{}' })).status).toBe(201);
  });

  it('should be 500 without a word of what happened, which stands in the log under the request id', async () => {
    await sql('alter table callers rename to callers_gone');
    const answer = await client.ask('GET', '/admin/callers', { headers: { 'x-request-id': 'broken-1' } });
    await sql('alter table callers_gone rename to callers');
    const problem = problemOf(answer);
    const lines = broker.lines.filter((line) => line.includes('"broken-1"'));

    expect(problem).toMatchObject({ status: 500, code: 'internal_error' });
    expect(Object.keys(problem).toSorted()).toEqual(MEMBERS);
    expect(answer.body).not.toMatch(/callers|relation|select|prisma|\bat /i);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ level: 'error', status: 500, request_id: 'broken-1' });
  });
});
