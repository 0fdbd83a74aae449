import type { ServerResponse } from 'node:http';
import { BrokerError, invalidRequest, isBrokerError } from '@app/common';
import type { Received } from '../http/received.js';
import { send } from '../http/send.js';
import type { RequestFilter } from '../request.log.js';
import type { Sandbox } from '../sandbox.js';
import { controlHelp } from './help.js';
import { readBehaviour, readExpire, readFault, readIssue, readRevoke, readToken } from './schemas.js';

interface Call {
  readonly controls: Sandbox;
  readonly received: Received;
  readonly id: string;
}

interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

const done: Reply = { status: 204 };
const ok = (body: unknown): Reply => ({ status: 200, body });

function bodyOf({ body }: Received): unknown {
  if (body.length === 0) {
    return {};
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw invalidRequest([{ field: 'body', message: 'is not JSON' }]);
  }
}

function filterOf({ query }: Received): RequestFilter {
  const known = ['provider', 'credential', 'step'];
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw invalidRequest([{ field: unknown, message: `is not known here; filters are ${known.join(', ')}` }]);
  }
  const step = query.get('step') ?? undefined;
  if (step !== undefined && step !== 'refresh' && step !== 'relogin') {
    throw invalidRequest([{ field: 'step', message: 'must be refresh or relogin' }]);
  }
  return {
    provider: query.get('provider') ?? undefined,
    credential: query.get('credential') ?? undefined,
    step,
  };
}

async function issue({ controls, received }: Call): Promise<Reply> {
  const { provider, ...options } = readIssue(bodyOf(received));
  const { host } = received.headers;
  // The address that the asker used is one that works from where it stands: in a container network ours may not.
  return { status: 201, body: await controls.issue(provider, options, host ? `http://${host}` : undefined) };
}

function act(change: () => void): Reply {
  change();
  return done;
}

const ROUTES: Readonly<Record<string, Readonly<Record<string, (call: Call) => Reply | Promise<Reply>>>>> = {
  '/': { GET: ({ controls }) => ok(controlHelp(controls.url, controls.providers)) },
  '/credentials': { GET: ({ controls }) => ok({ items: controls.credentials() }), POST: issue },
  '/credentials/{id}': {
    GET: ({ controls, id }) => ok(controls.credential(id)),
    PATCH: ({ controls, received, id }) => act(() => controls.update(id, readBehaviour(bodyOf(received)))),
  },
  '/credentials/{id}/expire': {
    POST: ({ controls, received, id }) => act(() => controls.expire(id, readExpire(bodyOf(received)).part)),
  },
  '/credentials/{id}/revoke': {
    POST: ({ controls, received, id }) => act(() => controls.revoke(id, readRevoke(bodyOf(received)).part)),
  },
  '/requests': {
    GET: ({ controls, received }) => ok({ items: controls.requests(filterOf(received)) }),
    DELETE: ({ controls }) => act(() => controls.clearRequests()),
  },
  '/faults': {
    GET: ({ controls }) => ok({ items: controls.faults() }),
    POST: ({ controls, received }) => {
      const { provider, fault, count } = readFault(bodyOf(received));
      controls.fault(provider, fault, count);
      return { status: 201, body: { items: controls.faults() } };
    },
    DELETE: ({ controls, received }) => act(() => controls.clearFaults(received.query.get('provider') ?? undefined)),
  },
  '/tokens': {
    POST: ({ controls, received }) => ok(controls.lookup(readToken(bodyOf(received)).token) ?? { live: false }),
  },
  '/reset': { POST: ({ controls }) => act(() => controls.reset()) },
};

const CREDENTIAL = /^(\/credentials\/)([^/]+)(\/.*)?$/;

function route(path: string): readonly [string, string] {
  const [, head, id = '', tail = ''] = CREDENTIAL.exec(path) ?? [];
  return head === undefined ? [path, ''] : [`${head}{id}${tail}`, id];
}

/** Answers one request to the control API; `path` is what follows `/_sandbox`. */
export async function serveControl(
  controls: Sandbox,
  received: Received,
  path: string,
  response: ServerResponse,
): Promise<void> {
  const { status, body } = await reply(controls, received, path || '/').catch(problem);
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  send(response, { status, headers, body: body === undefined ? '' : `${JSON.stringify(body)}\n` });
}

async function reply(controls: Sandbox, received: Received, path: string): Promise<Reply> {
  const [name, id] = route(path);
  const methods = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  const handler = methods && Object.hasOwn(methods, received.method) ? methods[received.method] : undefined;
  if (handler) {
    return handler({ controls, received, id });
  }
  if (methods) {
    const allowed = Object.keys(methods).join(', ');
    throw new BrokerError('method_not_allowed', `Here only ${allowed} is understood, not ${received.method}.`);
  }
  throw new BrokerError('not_found', 'The control API has no such path. GET /_sandbox/ lists what there is.');
}

const STATUS: Readonly<Record<string, number>> = { invalid_request: 400, not_found: 404, method_not_allowed: 405 };

function problem(error: unknown): Reply {
  if (!isBrokerError(error)) {
    throw error;
  }
  const { code, message, facts } = error;
  return { status: STATUS[code] ?? 500, body: { code, detail: message, errors: facts.errors } };
}
