import { Injectable } from '@nestjs/common';
import type { OpenAttempt } from '@app/connections';

/** Requests of the scheduler that are under way at once to one provider from this replica. */
const MOST_PER_PROVIDER = 8;

/** A place among those. */
export interface Slot {
  /** False for whoever waited and must not send any more. */
  readonly maySend: boolean;
  /** To be called once, when the answer is here. */
  free(): void;
}

interface Waiting {
  readonly connectionId: string;
  readonly begin: (maySend: boolean) => void;
}

interface Lane {
  sending: number;
  /** First come, first served. A connection that an operator changed may be there twice. */
  readonly waiting: Set<Waiting>;
}

const NONE: Slot = { maySend: true, free: () => undefined };

/**
 * Has what is renewed ahead of expiry wait until the provider takes it: more of them are prepared and stored at once than are sent,
 * as their statements are shared. What somebody waits for is sent at once, and does not count.
 */
@Injectable()
export class SendSlots {
  readonly #lanes = new Map<string, Lane>();
  /** Connections of renewals ahead of expiry for which somebody waits now. */
  readonly #hurried = new Set<string>();
  #closed = false;

  /** Resolves when this attempt's turn has come. Where it waited for that, `isAdmitted` tells whether it may still be sent then. */
  async take({ provider, connectionId, trigger }: OpenAttempt, isAdmitted: () => boolean): Promise<Slot> {
    if (trigger !== 'schedule' || this.#hurried.has(connectionId)) {
      return NONE;
    }
    const lane = this.#lane(provider);
    if (lane.sending < MOST_PER_PROVIDER) {
      lane.sending += 1;
      return this.#slotOf(lane, true);
    }
    const waited = new Promise<boolean>((begin) => void lane.waiting.add({ connectionId, begin }));
    if (this.#closed) {
      this.sendAway(provider);
    }
    return this.#slotOf(lane, (await waited) && isAdmitted());
  }

  /** Somebody waits for this connection's token: it is sent at once, whether it waits already or will. */
  hurry({ id, provider }: { readonly id: string; readonly provider: string }): void {
    this.#hurried.add(id);
    const lane = this.#lane(provider);
    [...lane.waiting]
      .filter(({ connectionId }) => connectionId === id)
      .forEach((waiting) => this.#begin(lane, waiting, true));
  }

  /** The renewal of this connection is over. */
  forget(id: string): void {
    this.#hurried.delete(id);
  }

  /** The provider refuses what all send: who waits for it does not send. */
  sendAway(provider: string): void {
    const lane = this.#lane(provider);
    [...lane.waiting].forEach((waiting) => this.#begin(lane, waiting, false));
  }

  /** This process stops: nobody waits any more, and who would have does not send. */
  close(): void {
    this.#closed = true;
    [...this.#lanes.keys()].forEach((provider) => this.sendAway(provider));
  }

  #slotOf(lane: Lane, maySend: boolean): Slot {
    return { maySend, free: () => this.#free(lane) };
  }

  #free(lane: Lane): void {
    lane.sending -= 1;
    const [next] = lane.waiting;
    if (next !== undefined && lane.sending < MOST_PER_PROVIDER) {
      this.#begin(lane, next, true);
    }
  }

  #begin(lane: Lane, waiting: Waiting, maySend: boolean): void {
    lane.waiting.delete(waiting);
    lane.sending += 1;
    waiting.begin(maySend);
  }

  #lane(provider: string): Lane {
    const known = this.#lanes.get(provider);
    if (known !== undefined) {
      return known;
    }
    const lane = { sending: 0, waiting: new Set<Waiting>() };
    this.#lanes.set(provider, lane);
    return lane;
  }
}
