import { setTimeout as sleep } from 'node:timers/promises';
import type { Replica } from './contender.js';
import { TIMES } from './times.js';

const CALLERS_OF_EACH = 2;

/** What callers saw. */
export interface Seen {
  asked: number;
  answered: number;
  readonly tokens: Set<string>;
}

/** Callers that ask every replica for a token again and again. */
export interface Load {
  readonly seen: Seen;
  /** Begins to ask these as well. */
  add(replicas: readonly Replica[]): void;
  /** Resolves when the last answer is in. */
  stop(): Promise<void>;
}

/** Nobody asks yet. */
export function newLoad(): Load {
  const seen: Seen = { asked: 0, answered: 0, tokens: new Set() };
  const callers: Promise<void>[] = [];
  const stopped = new AbortController();
  const call = async (replica: Replica): Promise<void> => {
    while (!stopped.signal.aborted) {
      seen.asked += 1;
      const token = await replica.ask();
      if (token !== undefined) {
        seen.answered += 1;
        seen.tokens.add(token);
      }
      await sleep(TIMES.askEvery);
    }
  };
  return {
    seen,
    add: (replicas) => {
      for (const replica of replicas) {
        callers.push(...Array.from({ length: CALLERS_OF_EACH }, () => call(replica)));
      }
    },
    stop: async () => {
      stopped.abort();
      await Promise.all(callers);
    },
  };
}
