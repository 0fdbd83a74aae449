import type { Endpoint, Fault } from './contract.js';

/** The request that a fault is looked for. */
export interface Meeting {
  readonly endpoint: Endpoint;
  readonly grantId: string | null;
  readonly clientId: string | null;
}

interface Pinned {
  readonly id: string;
  readonly fault: Fault;
  left: number;
}

/** The faults that are set and how often each is still to be played. */
export class FaultBoard {
  #pinned: readonly Pinned[] = [];
  #made = 0;

  /** @throws Error for a fault that could never be played. */
  pin(fault: Fault): string {
    if (fault.kind === 'refused' && (fault.grantId ?? fault.clientId ?? fault.endpoint) !== undefined) {
      throw new Error('A connection that is refused shows neither its grant nor its client: set this fault for all.');
    }
    this.#made += 1;
    const id = `fault-${this.#made}`;
    const times = fault.times ?? 1;
    this.#pinned = [{ id, fault, left: times === 'until_cleared' ? Infinity : times }, ...this.#pinned];
    return id;
  }

  clear(id?: string): void {
    this.#pinned = id === undefined ? [] : this.#pinned.filter((pinned) => pinned.id !== id);
  }

  /** Whether the next connection is to be refused; counts as played. */
  takeRefusal = (): boolean => this.#take(({ kind }) => kind === 'refused') !== undefined;

  /** The newest fault that matches; counts as played. */
  take = (meeting: Meeting): Fault | undefined =>
    this.#take((fault) => fault.kind !== 'refused' && meets(fault, meeting));

  #take(wanted: (fault: Fault) => boolean): Fault | undefined {
    const found = this.#pinned.find(({ fault, left }) => left > 0 && wanted(fault));
    if (found !== undefined) {
      found.left -= 1;
      this.#pinned = this.#pinned.filter(({ left }) => left > 0);
    }
    return found?.fault;
  }
}

function meets(fault: Fault, { endpoint, grantId, clientId }: Meeting): boolean {
  return (
    (fault.endpoint ?? 'token') === endpoint &&
    (fault.grantId === undefined || fault.grantId === grantId) &&
    (fault.clientId === undefined || fault.clientId === clientId)
  );
}
