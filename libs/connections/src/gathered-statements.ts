import { isRefusal } from '@app/database';

/** What one statement takes at most. */
const MOST_AT_ONCE = 200;
/** Statements that are under way before others wait for company. */
const MOST_UNDER_WAY = 2;
/** Whoever takes longer than this, on a connection that hangs or a database that is busy, holds nobody up. */
const SLOW_MS = 50;

/** Sends one statement for all that are asked for; what each came to, in their order. */
export type SendTogether<Asked, Answer> = (asked: readonly Asked[]) => Promise<readonly (Answer | Promise<Answer>)[]>;

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  readonly resolve: (answer: Answer | Promise<Answer>) => void;
  readonly reject: (error: unknown) => void;
}

/** The order in which whoever locks several connections does so, by their ids: nobody waits for one that waits for them. */
export const inLockOrder = (one: string, other: string): number => (one < other ? -1 : 1);

/**
 * Small statements of one kind, gathered: what is asked for in one turn of the event loop, or while earlier ones are under way, is
 * one statement. Nobody joins one that was sent. A statement that fails fails for all whom it was sent for; each answer that is a
 * promise is its own asker's trouble only.
 */
export class GatheredStatements<Asked, Answer> {
  readonly #underWay = new Set<symbol>();
  #waiting: Waiting<Asked, Answer>[] = [];
  #isScheduled = false;

  constructor(private readonly send: SendTogether<Asked, Answer>) {}

  /** What it came to, by a statement that is begun after the call. */
  ask(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      this.#schedule();
    });
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
    while (this.#waiting.length > 0 && this.#underWay.size < MOST_UNDER_WAY) {
      void this.#send(this.#waiting.splice(0, MOST_AT_ONCE));
    }
  }

  async #send(batch: readonly Waiting<Asked, Answer>[]): Promise<void> {
    const flight = Symbol('flight');
    this.#underWay.add(flight);
    const slow = setTimeout(() => this.#end(flight), SLOW_MS);
    try {
      const answers = await this.send(batch.map(({ asked }) => asked));
      batch.forEach(({ resolve }, index) => resolve(answers[index] as Answer | Promise<Answer>));
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

/**
 * `send`, for what writes: where Postgres refuses a statement for several (a deadlock with another replica's, a value of one that it
 * does not take), nothing of it was done, and each is sent alone. An error that leaves open what became of it is everybody's.
 */
export function aloneWhereRefused<Asked, Answer>(send: SendTogether<Asked, Answer>): SendTogether<Asked, Answer> {
  const alone = async (asked: Asked): Promise<Answer> => {
    const [answer] = await send([asked]);
    return answer as Answer;
  };
  return async (asked) => {
    try {
      return await send(asked);
    } catch (error) {
      if (asked.length > 1 && isRefusal(error)) {
        return asked.map(alone);
      }
      throw error;
    }
  };
}
