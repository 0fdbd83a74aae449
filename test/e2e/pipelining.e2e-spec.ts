import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { connect as openSocket, type Socket } from 'node:net';
import { TokenService } from '@app/tokens';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { Draining } from '../../apps/broker/src/health/draining.js';
import { DirectTokens } from '../../apps/broker/src/token/direct.tokens.js';
import { auditEvents } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, connect } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';

/** A plain request is answered directly; the same with its members in another order goes through the framework's pipeline. */
const FORMS = {
  directly: (connection: string) => `/providers/onmeta/token?connection=${connection}&min_ttl=60`,
  'by the framework': (connection: string) => `/providers/onmeta/token?min_ttl=60&connection=${connection}`,
} as const;

let sandbox: Sandbox;
let broker: TestBroker;
let draining: Draining;
let key: string;
let release: () => void;
let released: Promise<void>;
const direct: boolean[] = [];
/** The connection of the last request, as the broker has it. */
let served: Socket | undefined;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  draining = broker.app.get(Draining);
  key = await broker.keyFor(['onmeta/*']);
  for (const connection of ['acme', 'held']) {
    await connect({ broker, sandbox }, 'onmeta', connection, { token: broughtToken(`token-${connection}`, 86_400) });
  }
  // The first is behind the changes above, which have everything read anew; the second proves the key to what was read.
  await broker.as(key).get(FORMS.directly('acme'));
  await broker.as(key).get(FORMS.directly('acme'));
  watchDirect();
  holdTokens();
});

beforeEach(() => {
  direct.length = 0;
  released = new Promise((resolve) => void (release = resolve));
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

function watchDirect(): void {
  const tokens = broker.app.get(DirectTokens);
  const serve = tokens.serve.bind(tokens);
  tokens.serve = (request, response) => {
    served = request.socket;
    const isDirect = serve(request, response);
    direct.push(isDirect);
    return isDirect;
  };
}

/** Those of the connection `held` take as long as the test wants. */
function holdTokens(): void {
  const tokens = broker.app.get(TokenService);
  const issue = tokens.issue.bind(tokens);
  tokens.issue = async (caller, request, origin) => {
    if (request.connection === 'held') {
      await released;
    }
    return issue(caller, request, origin);
  };
}

/** Sends requests for these in one packet, as ids that end with their place. */
async function pipeline(id: string, paths: readonly string[]): Promise<Socket> {
  const socket = openSocket(Number(new URL(broker.url).port), '127.0.0.1');
  await once(socket, 'connect');
  const lines = (nth: number) => ['Host: broker', `Authorization: Bearer ${key}`, `X-Request-Id: ${id}-${nth}`, '', ''];
  socket.write(paths.map((path, nth) => [`GET ${path} HTTP/1.1`, ...lines(nth)].join('\r\n')).join(''));
  await eventually(() => expect(direct).toHaveLength(paths.length));
  return socket;
}

const actionsOf = async (id: string) =>
  (await auditEvents(broker, `request_id=${id}`)).map(({ action }) => action).toSorted();
const idle = () => eventually(() => expect(draining.underWay).toBe(0));
const LOST = ['token.issued', 'token.undelivered'];

describe('requests that were sent at once by a caller that leaves', () => {
  it.each([
    ['directly', true],
    ['by the framework', false],
  ] as const)('should be over, and a token that queued undelivered: answered %s', async (form, isDirect) => {
    const id = `ready-${isDirect}`;
    const socket = await pipeline(id, ['held', 'acme', 'acme'].map(FORMS[form]));
    await eventually(async () => expect(await actionsOf(`${id}-2`)).toEqual(['token.issued']));
    await eventually(() => expect(draining.underWay).toBe(3));
    socket.destroy();
    await idle();
    for (const queued of [`${id}-1`, `${id}-2`]) {
      await eventually(async () => expect(await actionsOf(queued)).toEqual(LOST));
    }
    release();
    await eventually(async () => expect(await actionsOf(`${id}-0`)).toEqual(LOST));
    expect(direct.slice(0, 3)).toEqual([isDirect, isDirect, isDirect]);
  });

  it.each([
    ['directly', true],
    ['by the framework', false],
  ] as const)('should be undelivered where the token comes after they left: answered %s', async (form, isDirect) => {
    const id = `late-${isDirect}`;
    const socket = await pipeline(id, ['held', 'held'].map(FORMS[form]));
    await eventually(() => expect(draining.underWay).toBe(2));
    socket.destroy();
    await idle();
    release();
    for (const each of [`${id}-0`, `${id}-1`]) {
      await eventually(async () => expect(await actionsOf(each)).toEqual(LOST));
    }
  });
});

describe('requests that were sent at once by a caller that stays', () => {
  it('should each be answered in its turn, and put no listener each on the connection', async () => {
    const socket = await pipeline('stay', ['held', ...Array<string>(40).fill('acme')].map(FORMS.directly));
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    await eventually(() => expect(draining.underWay).toBe(41));
    // More than this and Node warns of a leak.
    expect(served?.listenerCount('close')).toBeLessThanOrEqual(EventEmitter.defaultMaxListeners);
    release();
    await eventually(() => expect(text.match(/"access_token":"token-/g)).toHaveLength(41));
    await idle();
    socket.destroy();
    await once(socket, 'close');
    expect([...text.matchAll(/x-request-id: stay-(\d+)/g)].map(([, nth]) => Number(nth))).toEqual([
      ...Array(41).keys(),
    ]);
    expect(await actionsOf('stay-40')).toEqual(['token.issued']);
  });
});

describe('the end of the broker', () => {
  it('should not wait for requests that were sent at once by a caller that left', async () => {
    const socket = await pipeline('end', [FORMS.directly('held'), '/health/ready', '/health/live', '/metrics']);
    await eventually(() => expect(draining.underWay).toBe(4));
    socket.destroy();
    await draining.begin();
    release();
  });
});
