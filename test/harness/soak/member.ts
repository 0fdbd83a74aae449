import { setTimeout as sleep } from 'node:timers/promises';
import type { Replica } from '../brokers/index.js';
import type { Life, Stretch } from './life.js';

/** A replica of the soak and its lives. */
export class Member {
  readonly lives: Life[] = [];
  #state: 'up' | 'frozen' | 'down' = 'down';

  constructor(
    readonly number: number,
    readonly replica: Replica,
  ) {}

  get state(): 'up' | 'frozen' | 'down' {
    return this.#state;
  }

  /** True where its process should run and does not. */
  get hasEnded(): boolean {
    return this.#state !== 'down' && !isAlive(this.replica.pid);
  }

  /** How its sessions are told from the others'. */
  get applicationName(): string {
    return `soak-${this.number}`;
  }

  async start(): Promise<void> {
    await this.replica.start();
    this.lives.push({ replica: this.number, id: this.replica.id, startedAt: Date.now(), killedAt: null, freezes: [] });
    this.#state = 'up';
  }

  async kill(): Promise<void> {
    const life = this.#life();
    this.#state = 'down';
    life.killedAt = Date.now();
    await this.replica.kill();
  }

  /** Resolves when it goes on, or is gone. */
  async freeze(ms: number): Promise<void> {
    const life = this.#life();
    const freeze: Stretch = { from: Date.now(), to: null };
    life.freezes.push(freeze);
    this.#state = 'frozen';
    this.replica.freeze();
    await sleep(ms);
    if (this.#state === 'frozen' && this.lives.at(-1) === life) {
      this.replica.thaw();
      this.#state = 'up';
    }
    freeze.to = Date.now();
  }

  /** Ends it as an orchestrator does; resolves with its exit code. */
  stop(): Promise<number | null> {
    this.#state = 'down';
    return this.replica.stop();
  }

  #life(): Life {
    const life = this.lives.at(-1);
    if (life === undefined || this.#state === 'down') {
      throw new Error(`Replica ${this.number} does not run.`);
    }
    return life;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
