import { FailedAuthentications } from '@app/callers';
import { Database } from '@app/database';
import { Scheduler } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { expectVerifiedBy, expectWholeChains } from '../support/audit-chains.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { callerWith } from '../support/callers.js';
import { broughtToken, connect, pathOf } from '../support/connect.js';
import { rawRequest, sendRaw } from '../support/raw-http.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';

jest.setTimeout(30_000);

/** What a forger of lines would write, as the code units of a text. */
const FORGERIES: readonly (readonly [what: string, text: string])[] = [
  ['a line end', 'a\r\nb'],
  ['a forged line', '"},{"action":"token.issued","outcome":"ok"}\n{"x":"'],
  ['NUL', 'a\0b'],
  ['an escape sequence', '\u001b[2J\u001b]0;x\u0007'],
  ['an escape sequence of one byte', '\u009b2J'],
  ['line ends of other scripts', 'a\u0085b\u2028c\u2029d'],
  ['a turned direction', '\u202egnp.exe\u2066'],
  ['half of a surrogate pair', 'a\ud800b'],
  ['the other half', '\udc00'],
  ['a delete', '\u007f\b\b\b'],
  ['a formula', '=cmd|"/c calc"!A1'],
  ['SQL', `'); DROP TABLE audit_events; --`],
  ['a kilobyte', 'x'.repeat(1024)],
  ['a megabyte', 'x'.repeat(1024 * 1024)],
];

/** One line, and in it nothing that a terminal or a viewer would act upon. */
const PLAIN_LINE = /^[^\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]+$/u;

let sandbox: Sandbox;
let broker: TestBroker;
let key: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  await broker.app.get(Scheduler).stop();
  ({ key } = await callerWith(broker, 'forger', { rules: ['*/*'] }));
  await connect({ broker, sandbox }, 'klavi', 'acme', { token: broughtToken('held', 86_400) });
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

/** How many events the log holds, those included that wait to be written as one. */
const eventCount = async (): Promise<number> => {
  await broker.app.get(FailedAuthentications).flush();
  const text = 'SELECT coalesce(sum(count), 0)::int AS count FROM audit_lines';
  const [row] = await broker.app.get(Database).query<{ count: number }>({ text, values: [] });
  return row?.count ?? 0;
};

/** Percent-encoded; half of a pair as the three bytes that no UTF-8 has. */
const inUrl = (text: string): string =>
  [...text].map((one) => (/\p{Cs}/u.test(one) ? '%ED%A0%80' : encodeURIComponent(one))).join('');

/** As a header's bytes: what is no byte is sent as UTF-8. */
const inHeader = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const json = (text: string): string => JSON.stringify(text);

interface Place {
  readonly what: string;
  readonly method?: string;
  readonly target?: (text: string) => string;
  readonly headers?: (text: string) => readonly string[];
  readonly body?: (text: string) => string;
  /** Whether who asks is proved. */
  readonly key?: boolean;
}

const HELD = '/providers/klavi/token?connection=acme';
const CALLER = '/admin/callers/forged';

/** Everywhere that a request can say something. */
const PLACES: readonly Place[] = [
  { what: 'the provider', target: (text) => `/providers/${inUrl(text)}/token` },
  { what: 'the connection', target: (text) => `/providers/klavi/token?connection=${inUrl(text)}` },
  { what: 'the name of a parameter', target: (text) => `${HELD}&${inUrl(text)}=1` },
  { what: 'X-Request-Id', headers: (text) => [`X-Request-Id: ${inHeader(text)}`] },
  { what: 'User-Agent', headers: (text) => [`User-Agent: ${inHeader(text)}`] },
  { what: 'an API key', key: false, headers: (text) => [`Authorization: Bearer ${inHeader(text)}`] },
  { what: 'X-Forwarded-For', headers: (text) => [`X-Forwarded-For: ${inHeader(text)}`] },
  {
    what: 'a body',
    method: 'POST',
    target: () => '/providers/klavi/token',
    body: (text) => `{"connection":${json(text)}}`,
  },
  {
    what: 'a member of a body',
    method: 'POST',
    target: () => '/providers/klavi/token',
    body: (text) => `{${json(text)}:1}`,
  },
  { what: 'no JSON', method: 'POST', target: () => '/providers/klavi/token', body: (text) => `{${text}` },
  { what: 'a method', method: 'P\u001b[2J' },
  { what: 'the path of a caller', method: 'PUT', target: (text) => `/admin/callers/${inUrl(text)}`, body: () => '{}' },
  { what: 'a description', method: 'PUT', target: () => CALLER, body: (text) => `{"description":${json(text)}}` },
  { what: 'a rule', method: 'PUT', target: () => CALLER, body: (text) => `{"rules":[${json(text)}]}` },
  {
    what: 'a setting',
    method: 'PATCH',
    target: () => pathOf('klavi', 'acme'),
    body: (text) => `{"settings":{${json(text)}:${json(text)}}}`,
  },
  { what: 'a search', target: (text) => `/audit/events?caller=${inUrl(text)}&request_id=${inUrl(text)}` },
];

/** What one of them is answered with; undefined where the connection is cut for what came over it. */
async function send(place: Place, text: string): Promise<number | undefined> {
  const { method = 'GET', target = () => HELD, headers = () => [], body, key: proved = true } = place;
  const asked = target(text);
  const shown = asked.startsWith('/providers') ? key : broker.adminKey;
  const content = body === undefined ? '' : Buffer.from(body(text), 'utf8').toString('latin1');
  const type = body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${content.length}`];
  const lines = [...(proved ? [`Authorization: Bearer ${shown}`] : []), ...type, ...headers(text)];
  try {
    return (await sendRaw(broker.url, rawRequest(method, asked, lines, content))).status;
  } catch {
    return undefined;
  }
}

describe('an input that would forge lines', () => {
  it.each(PLACES)('should leave one row at most, and one line each, as $what', async (place) => {
    let before = await eventCount();
    for (const [what, text] of FORGERIES) {
      const status = await send(place, text);
      const after = await eventCount();
      const left = after - before;
      before = after;
      // What could not be read at all is nobody's.
      const expected = status === 401 || (status === 200 && place.target === undefined) ? 1 : Math.min(left, 1);
      expect({ what, status, left }).toEqual({ what, status, left: expected });
      expect(status ?? 0).toBeLessThan(500);
    }
  });

  it('should leave the row of an issued token with the id that the answer gives', async () => {
    const sent = await sendRaw(
      broker.url,
      rawRequest('GET', HELD, [`Authorization: Bearer ${key}`, 'X-Request-Id: a"},{"b']),
    );
    const id = sent.headers['x-request-id'] ?? '';
    expect([sent.status, id]).toEqual([200, expect.stringMatching(/^[\w.:-]{1,64}$/)]);
    expect(await sql('SELECT action FROM audit_events WHERE request_id = $1', [id])).toEqual([
      { action: 'token.issued' },
    ]);
  });

  it.each(FORGERIES)('should leave nothing of what a provider says: %s', async (_what, text) => {
    const { id: credential } = await connect({ broker, sandbox }, 'klearstack', 'said');
    const body = JSON.stringify({ error: text, message: `missing ${text}`, [text]: text });
    sandbox.fault('klearstack', { kind: 'respond', status: 500, body, credential });
    const path = `${pathOf('klearstack', 'said')}/refresh`;
    const { status } = await broker.as().post(path).set('x-request-id', 'provider-says');
    expect(status).toBe(200);
    await broker.as().delete(pathOf('klearstack', 'said'));
  });

  it('should have left whole chains of plain lines, in the log and in what the broker prints', async () => {
    await expectWholeChains();
    await expectVerifiedBy(broker);
    const rows = await sql<{ body: string }>('SELECT body FROM audit_events');
    expect(rows.filter(({ body }) => !PLAIN_LINE.test(body) || body.length > 5000)).toEqual([]);
    const printed = broker.lines.map((line) => line.replace(/\n$/, ''));
    expect(printed.filter((line) => !PLAIN_LINE.test(line))).toEqual([]);
    expect(printed.filter((line) => typeof JSON.parse(line) !== 'object')).toEqual([]);
  });
});
