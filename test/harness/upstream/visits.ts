import type { Socket } from 'node:net';
import type { Entry } from './ledger.js';

interface Visit {
  served: number;
  broken: boolean;
  readonly entries: Entry[];
}

/** Follows connections to their end: only there it shows whether an answer that was written also arrived. */
export class Visits {
  readonly #visits = new WeakMap<Socket, Visit>();

  begin(socket: Socket): void {
    const visit: Visit = { served: 0, broken: false, entries: [] };
    this.#visits.set(socket, visit);
    keepHalfOpen(socket);
    socket.on('error', () => {
      visit.broken = true;
    });
    socket.once('close', () => settle(visit));
  }

  /** Which request of its connection this is, from 1 on: a next one shows that the answers before it arrived. */
  count(socket: Socket): number {
    const visit = this.#visits.get(socket);
    if (visit === undefined) {
      return 1;
    }
    visit.entries.filter(({ answeredAt }) => answeredAt !== null).forEach(arrived);
    visit.served += 1;
    return visit.served;
  }

  note(socket: Socket, entry: Entry): void {
    this.#visits.get(socket)?.entries.push(entry);
  }
}

const arrived = (entry: Entry): void => {
  entry.delivered ??= entry.reachedAt !== null;
};

function settle({ entries, broken }: Visit): void {
  for (const entry of entries) {
    entry.closedAt = Date.now();
    entry.delivered ??= entry.reachedAt !== null && entry.answeredAt !== null && !broken;
  }
}

/**
 * Node destroys a connection as soon as its last answer is written. The other side's end is what tells whether it was read (a
 * FIN) or thrown away unread (a RST), so this side waits for it.
 */
function keepHalfOpen(socket: Socket): void {
  socket.destroySoon = () => void socket.end();
}
