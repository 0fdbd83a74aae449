import { AddressGuard } from '@app/providers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { request } from 'node:http';
import { AnswerSchemas } from '../support/answer-schema.js';
import { startBroker } from '../support/broker.js';
import { putCaller } from '../support/callers.js';
import { type Canaries, findCanaries } from '../support/canaries.js';
import { broughtToken, pathOf } from '../support/connect.js';
import { type FuzzedRequest, fuzzedRequest } from '../support/fuzzing.js';
import { fillPath, readOpenApi, type Route, routesOf } from '../support/openapi.js';
import { problemOf } from '../support/problem.js';
import type { RawAnswer } from '../support/raw-http.js';

/** Requests an operation. More of them find more: `FUZZ_RUNS=2000 npm run jest -- … fuzzing`; `FUZZ_SEED` repeats a report. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 25);
const SEED = process.env['FUZZ_SEED'];
const LONGEST_MS = RUNS * 500;

jest.setTimeout(LONGEST_MS + 30_000);

/** What a malformed request must never come to: something of ours failed. */
const OURS = new Set(['internal_error', 'storage_unavailable', 'audit_unavailable', 'shutting_down']);

const broker = await startBroker({ environment: { RATE_LIMIT: 'off' } });
const document = await readOpenApi(broker);
const schemas = new AnswerSchemas(document);
const routes = routesOf(document).map((route) => [`${route.method} ${route.path}`, route] as const);
const keys = {
  admin: broker.adminKey,
  auditor: await broker.keyFor([], ['auditor']),
  ordinary: await broker.keyFor(['fuzzed/*', 'onmeta/*']),
  none: undefined,
};
type Actor = keyof typeof keys;

const canaries: Canaries = new Map([
  ['a refresh token', 'CANARY-fuzzed-refresh-token'],
  ['an API key of a provider', 'CANARY-fuzzed-api-key'],
  ...Object.entries(keys).flatMap(([name, key]) =>
    key === undefined ? [] : [[`the secret of ${name}`, key.split('_').slice(2).join('_').slice(0, 43)] as const],
  ),
]);

beforeAll(() => {
  // Whatever becomes of a provider's address, nothing leaves this machine.
  jest.spyOn(AddressGuard.prototype, 'allowsUrl').mockImplementation(({ hostname }) => hostname === '127.0.0.1');
});

afterAll(() => broker.stop());

/** Requests by route and status, to see that they are not all refused at the door. */
const seen = new Map<string, Set<number>>();

/** The things that requests are about, whatever an earlier one did to them. */
async function prepare(): Promise<void> {
  const settings = { base_url: 'http://127.0.0.1:1' };
  const secrets = { api_key: 'CANARY-fuzzed-api-key' };
  const credential = { ...secrets, refresh_token: 'CANARY-fuzzed-refresh-token' };
  await broker.as().put('/admin/providers/fuzzed').send({ type: 'onmeta', settings, secrets });
  for (const path of [pathOf('fuzzed', 'fuzzed'), pathOf('fuzzed', 'acme'), pathOf('onmeta', 'acme')]) {
    await broker
      .as()
      .put(path)
      .send({ settings, credential, token: broughtToken('held', 86_400) });
  }
  await putCaller(broker, 'fuzzed', { rules: ['fuzzed/*'] });
}

/** Sends it as it is. */
function send({ method, path }: Route, fuzzed: FuzzedRequest, key: string | undefined): Promise<RawAnswer> {
  const query = fuzzed.query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  const { hostname, port } = new URL(broker.url);
  const body = fuzzed.body === undefined ? undefined : Buffer.from(fuzzed.body);
  const headers = {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
    ...fuzzed.headers,
  };
  const target = `${fillPath(path, fuzzed.path)}${query === '' ? '' : `?${query}`}`;
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path: target, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers as RawAnswer['headers'], body: text });
      });
    });
    sent.on('error', reject).end(body);
  });
}

/** What is wrong with an answer; undefined where nothing is. */
function complaint({ operation }: Route, answer: RawAnswer): string | undefined {
  const { status, headers, body } = answer;
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';');
  const isProblem = mediaType === 'application/problem+json';
  const secrets = findCanaries(canaries, { answer: `${JSON.stringify(headers)} ${body}` });
  if (secrets.length > 0) {
    return secrets.join();
  }
  if (headers['x-request-id'] === undefined || headers['cache-control'] !== 'no-store') {
    return 'lacks X-Request-Id or Cache-Control: no-store';
  }
  if (!isProblem && (status < 300 || schemas.has(operation, status))) {
    return schemas.complaint(operation, status, mediaType, body);
  }
  const { code } = problemOf(answer);
  if (status < 400 || OURS.has(code)) {
    return `must not be ${status} ${code}`;
  }
  return schemas.complaint(operation, status, mediaType, body);
}

describe.each(routes)('%s', (name, route) => {
  const statuses = new Set<number>();
  seen.set(name, statuses);

  beforeAll(prepare);

  it('should answer whatever is asked, by anybody, as it is described', async () => {
    const actors = fc.constantFrom<Actor>('admin', 'admin', 'admin', 'auditor', 'ordinary', 'ordinary', 'none');
    const property = fc.asyncProperty(fuzzedRequest(document, route.operation), actors, async (fuzzed, actor) => {
      const answer = await send(route, fuzzed, keys[actor]);
      statuses.add(answer.status);
      const wrong = complaint(route, answer);
      if (wrong !== undefined) {
        throw new Error(`${wrong}: ${answer.status} ${answer.body.slice(0, 500)}`);
      }
    });

    await fc.assert(property, {
      numRuns: RUNS,
      interruptAfterTimeLimit: LONGEST_MS,
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    });
    expect(findCanaries(canaries, { log: broker.lines.join('') })).toEqual([]);
  });
});

describe('an answer that is not as it is described', () => {
  const { operation } = routesOf(document).find(({ path }) => path === '/providers') as Route;
  const judge = (body: object) => schemas.complaint(operation, 200, 'application/json', JSON.stringify(body));

  it.each([
    ['a member that is not described', { items: [], next_cursor: null, more: 1 }, /additional properties/],
    ['one that is missing', { items: [] }, /next_cursor/],
    ['one of another type', { items: [{ provider: 7 }], next_cursor: null }, /must be string/],
  ])('should be noticed by this test: %s', (_what, body, why) => {
    expect(judge({ items: [], next_cursor: null })).toBeUndefined();
    expect(judge(body)).toMatch(why);
  });
});

/** The routes that never answered with such a status. */
const without = (isMeant: (status: number) => boolean): readonly string[] =>
  [...seen].filter(([, statuses]) => ![...statuses].some(isMeant)).map(([name]) => name);

describe('the requests that were made up', () => {
  it('should have been taken as well as refused, on nearly every route', () => {
    const untaken = without((status) => status < 300);
    const unrefused = without((status) => status === 400);

    // Where it fails, it tells which.
    expect(untaken.length < routes.length / 2 ? [] : untaken).toEqual([]);
    expect(unrefused.length < routes.length / 2 ? [] : unrefused).toEqual([]);
  });
});
