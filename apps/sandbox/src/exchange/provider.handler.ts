import type { ServerResponse } from 'node:http';
import { type Contract, type Exchange, requireAnswer } from '../contract/contract.js';
import { play } from '../faults/play.js';
import type { Received } from '../http/received.js';
import { send } from '../http/send.js';
import type { Rooms } from '../rooms.js';
import { readAsked } from './asked.js';
import { processRequest } from './process.js';

/** Answers one request to a provider; `path` is what follows `/<provider>`. */
export async function serveProvider(
  rooms: Rooms,
  contract: Contract,
  received: Received,
  path: string,
  response: ServerResponse,
): Promise<void> {
  const exchange = contract.exchanges.find((each) => each.method === received.method && each.paths.includes(path));
  if (!exchange) {
    return refuseRoute(rooms, contract, received, path, response);
  }
  return serveExchange(rooms, contract, exchange, received, response);
}

function refuseRoute(
  rooms: Rooms,
  contract: Contract,
  received: Received,
  path: string,
  response: ServerResponse,
): void {
  const answer = requireAnswer(contract, 'unknown_route');
  const complete = rooms.log.open({ ...arrivalOf(rooms, contract, received, path), credential: null, step: null });
  send(response, answer);
  complete({ answer: answer.id, status: answer.status });
}

async function serveExchange(
  rooms: Rooms,
  contract: Contract,
  exchange: Exchange,
  received: Received,
  response: ServerResponse,
): Promise<void> {
  const { step } = exchange;
  const asked = await readAsked(contract, exchange, received, rooms.store, rooms.now);
  const credential = asked.credential?.id ?? null;
  const path = received.path.slice(contract.provider.length + 1);
  const complete = rooms.log.open({ ...arrivalOf(rooms, contract, received, path), credential, step });
  const fault = rooms.faults.take(contract.provider, step, credential);
  complete({ fault: fault?.kind ?? null });
  const process = () => {
    const processed = processRequest(asked);
    complete({ processed: true, answer: processed.answer.id });
    return processed;
  };
  complete(await play(fault, { response, contract, process, wait: rooms.wait }));
}

const arrivalOf = (rooms: Rooms, { provider }: Contract, { method }: Received, path: string) => ({
  at: new Date(rooms.now()).toISOString(),
  provider,
  method,
  path,
});
