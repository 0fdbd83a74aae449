import { FAULT_FOR_ONE, type Happening, type HappeningGround, HAPPENINGS } from './happening.js';
import { TIMES } from './times.js';

/** What happened, and when; epoch ms. */
export interface Happened {
  readonly at: number;
  readonly title: string;
  readonly what: string;
}

/** Has something happen again and again, until it is stopped. */
export class Chaos {
  readonly happened: Happened[] = [];
  /** What the harness itself could not do. */
  readonly mishaps: string[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ground: HappeningGround,
    private readonly pace: number,
  ) {}

  start(): void {
    this.#timer = setInterval(() => this.#begin(), TIMES.eventEvery * this.pace);
  }

  /** Resolves when everything that was begun is over and undone. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    await this.ground.faults.clear();
    await this.ground.fleet.rest();
  }

  /** How often what happened. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>(HAPPENINGS.map(({ title }) => [title, 0]));
    for (const { title } of this.happened) {
      counts.set(title, (counts.get(title) ?? 0) + 1);
    }
    return counts;
  }

  #begin(): void {
    const drawn = this.ground.random.weighted(HAPPENINGS);
    const mine = this.#play(drawn)
      .catch((error: unknown) => void this.mishaps.push(`${drawn.title}: ${String(error)}`))
      .finally(() => this.#underWay.delete(mine));
    this.#underWay.add(mine);
  }

  /** Where it cannot be now, something that always can. */
  async #play(drawn: Happening): Promise<void> {
    const what = await drawn.play(this.ground);
    if (what === undefined) {
      return this.#play(FAULT_FOR_ONE);
    }
    this.happened.push({ at: Date.now(), title: drawn.title, what });
  }
}
