import type { ConnectionName } from '@app/common';
import type { Connection } from './connection.js';

/** Names that one statement takes at most. */
const MOST_AT_ONCE = 200;
/** Statements that are under way before others wait for company. */
const MOST_UNDER_WAY = 2;
/** Whoever takes longer than this, on a connection that hangs or a database that is busy, holds nobody up. */
const SLOW_MS = 50;

/** What one of the names that were asked for came to; the others have no connection. */
export interface FoundConnection {
  /** Which of the names. */
  readonly index: number;
  /** Each opens by itself: a sealed value that does not, or a key service that is slow, is its own asker's trouble only. */
  readonly connection: Promise<Connection>;
}

interface Asked {
  readonly name: ConnectionName;
  readonly answer: Promise<Connection | undefined>;
  readonly resolve: (connection: Promise<Connection> | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads of connections, gathered: what is asked for in one turn of the event loop, or while earlier reads are under way, is read with
 * one statement, and what is asked for twice is read once. A read that was sent is never joined: whoever asks gets what the database
 * holds at some time after the question.
 */
export class GatheredReads {
  readonly #underWay = new Set<symbol>();
  #waiting = new Map<string, Asked>();
  #isScheduled = false;

  constructor(private readonly read: (names: readonly ConnectionName[]) => Promise<readonly FoundConnection[]>) {}

  /** The connection, or undefined. Rejects with whatever its reading or its opening failed with. */
  find(name: ConnectionName): Promise<Connection | undefined> {
    const key = `${name.provider}/${name.connection}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      return waiting.answer;
    }
    const asked = toAsked(name);
    this.#waiting.set(key, asked);
    this.#schedule();
    return asked.answer;
  }

  /** At the end of this turn, when all that came with it has asked. */
  #schedule(): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#sendWaiting();
      });
    }
  }

  #sendWaiting(): void {
    while (this.#waiting.size > 0 && this.#underWay.size < MOST_UNDER_WAY) {
      const entries = [...this.#waiting];
      this.#waiting = new Map(entries.slice(MOST_AT_ONCE));
      void this.#send(entries.slice(0, MOST_AT_ONCE).map(([, asked]) => asked));
    }
  }

  async #send(batch: readonly Asked[]): Promise<void> {
    const flight = Symbol('flight');
    this.#underWay.add(flight);
    const slow = setTimeout(() => this.#end(flight), SLOW_MS);
    try {
      const found = await this.read(batch.map(({ name }) => name));
      found.forEach(({ index, connection }) => batch[index]?.resolve(connection));
      // Of those that were found nothing changes any more.
      batch.forEach(({ resolve }) => resolve(undefined));
    } catch (error) {
      batch.forEach(({ reject }) => reject(error));
    } finally {
      clearTimeout(slow);
      this.#end(flight);
    }
  }

  #end(flight: symbol): void {
    if (this.#underWay.delete(flight)) {
      this.#sendWaiting();
    }
  }
}

function toAsked(name: ConnectionName): Asked {
  let resolve!: Asked['resolve'];
  let reject!: Asked['reject'];
  const answer = new Promise<Connection | undefined>((onResolve, onReject) => {
    [resolve, reject] = [onResolve, onReject];
  });
  return { name, answer, resolve, reject };
}
