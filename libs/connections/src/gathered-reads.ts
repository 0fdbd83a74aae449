import type { ConnectionName } from '@app/common';
import type { Connection } from './connection.js';
import { GatheredStatements } from './gathered-statements.js';

/** What one of the names that were asked for came to; the others have no connection. */
export interface FoundConnection {
  /** Which of the names. */
  readonly index: number;
  /** Each opens by itself: a sealed value that does not, or a key service that is slow, is its own asker's trouble only. */
  readonly connection: Promise<Connection>;
}

/**
 * Reads of connections, gathered, and what is asked for twice is read once. A read that was sent is never joined: whoever asks gets
 * what the database holds at some time after the question.
 */
export class GatheredReads {
  readonly #waiting = new Map<string, Promise<Connection | undefined>>();
  readonly #statements: GatheredStatements<ConnectionName, Connection | undefined>;

  constructor(read: (names: readonly ConnectionName[]) => Promise<readonly FoundConnection[]>) {
    this.#statements = new GatheredStatements(async (names) => {
      names.forEach((name) => this.#waiting.delete(keyOf(name)));
      const found = new Map((await read(names)).map(({ index, connection }) => [index, connection]));
      return names.map((_, index) => found.get(index));
    });
  }

  /** The connection, or undefined. Rejects with whatever its reading or its opening failed with. */
  find(name: ConnectionName): Promise<Connection | undefined> {
    const key = keyOf(name);
    const waiting = this.#waiting.get(key) ?? this.#statements.ask(name);
    this.#waiting.set(key, waiting);
    return waiting;
  }
}

const keyOf = ({ provider, connection }: ConnectionName): string => `${provider}/${connection}`;
