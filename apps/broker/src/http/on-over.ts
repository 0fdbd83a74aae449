import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Of each connection on which answers ever queued: what to call, should it end before they had their turn. */
const queues = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `over` exactly once: when the answer was handed to the system, or its connection ended before; at once where it has ended already.
 *
 * Node says `close` of a response only from its turn on, when it has the socket: always then, as the socket's own end or the answer's comes.
 * One that is queued behind another answer of its connection (pipelining: RFC 9112, 9.3.2) hears of no end, so the socket is watched for it.
 */
export function onOver(response: ServerResponse, over: () => void): void {
  const { socket } = response.req;
  if (response.destroyed || socket.destroyed) {
    over();
    return;
  }
  if (response.socket !== null) {
    response.once('close', over);
    return;
  }
  const queue = queueOf(socket);
  const settle = (): void => {
    queue.delete(settle);
    response.off('close', settle);
    over();
  };
  queue.add(settle);
  response.on('close', settle);
}

/** With one listener for each connection, however many answers queue on it. */
function queueOf(socket: Socket): Set<() => void> {
  const known = queues.get(socket);
  if (known !== undefined) {
    return known;
  }
  const queue = new Set<() => void>();
  queues.set(socket, queue);
  socket.once('close', () => queue.forEach((settle) => settle()));
  return queue;
}
