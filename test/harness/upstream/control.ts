import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault, IssueOptions, Release, UpstreamKind } from './contract.js';
import { readAll } from './read-all.js';
import type { UpstreamRooms } from './rooms.js';

interface Call {
  readonly method: string;
  /** The path in parts, without the leading slash. */
  readonly parts: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type IssueBody = IssueOptions & { readonly kind: UpstreamKind; readonly count: number };

/** How tests drive the upstream: JSON over HTTP, beside the front door. Returns its address. */
export async function listenForControl(rooms: UpstreamRooms): Promise<string> {
  const server = createServer((request, response) => {
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    callOf(request)
      .then((call) => answer(rooms, call))
      .then(
        (body) => reply(body === undefined ? 404 : 200, body ?? { error: 'There is no such call.' }),
        (error: unknown) => reply(400, { error: error instanceof Error ? error.message : String(error) }),
      );
  });
  server.listen(0, '127.0.0.1', 1024);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function callOf(request: IncomingMessage): Promise<Call> {
  const url = new URL(request.url ?? '/', 'http://upstream.test');
  const text = (await readAll(request)).toString('utf8');
  return {
    method: request.method ?? '',
    parts: url.pathname.slice(1).split('/'),
    query: Object.fromEntries(url.searchParams),
    body: text === '' ? {} : JSON.parse(text),
  };
}

async function answer(
  rooms: UpstreamRooms,
  { method, parts: [first, second, third], query, body }: Call,
): Promise<unknown> {
  const { ledger, faults, gate } = rooms;
  switch (`${method} /${first}${second === undefined ? '' : '/:id'}${third === undefined ? '' : `/${third}`}`) {
    case 'POST /grants':
      return rooms.issue(body as IssueBody);
    case 'GET /grants':
      return ledger.records(query);
    case 'GET /grants/:id':
      return ledger.record(second ?? '');
    case 'POST /grants/:id/revoke':
      rooms.revoke(second ?? '');
      return {};
    case 'POST /faults':
      return { id: faults.pin(body as Fault) };
    case 'DELETE /faults':
    case 'DELETE /faults/:id':
      faults.clear(second);
      return {};
    case 'GET /held':
      return gate.held();
    case 'POST /release':
      return { released: gate.release(body as Release) };
    case 'POST /access-token':
      return { alive: await rooms.accepts((body as { readonly token: string }).token) };
    case 'GET /loss':
      return ledger.smallestPossibleLoss();
    default:
      return undefined;
  }
}
