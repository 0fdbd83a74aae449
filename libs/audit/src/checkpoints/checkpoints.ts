import { errorFacts, type Log } from '@app/common';
import type { Retirement } from '../chain/checkpoint.js';
import { noteAssured } from './checkpoint.metrics.js';
import type { CheckpointSigner, Round } from './checkpoint.signer.js';

/** A second between rounds. */
const EVERY_MS = 1000;

/** The rounds of the signer: one a second, one at a time, for as long as the replica works. */
export class Checkpoints {
  #timer: NodeJS.Timeout | undefined;
  #under: Promise<unknown> = Promise.resolve();
  #last: Round | 'failed' | undefined;
  #running = false;

  constructor(
    private readonly signer: CheckpointSigner,
    private readonly log: Log,
  ) {}

  /** True while this replica is the one that signs. */
  get isSigning(): boolean {
    return this.#last === 'signed' || this.#last === 'nothing_new';
  }

  start(): void {
    this.#running = true;
    void this.round().then(() => this.#schedule());
  }

  /** Signs a retirement; false where this replica is not the one to. Rejects where nobody knows. */
  async retire(retirement: Retirement): Promise<boolean> {
    return (await this.#inTurn(() => this.signer.round(retirement))) === 'signed';
  }

  /** The last checkpoint of this replica, to be called when its stream is closed and before the pools are. Never rejects. */
  async stop(): Promise<void> {
    if (!this.#running) {
      return;
    }
    this.#running = false;
    clearTimeout(this.#timer);
    await this.#under;
    if (this.#last === 'failed') {
      return;
    }
    await this.round();
    await this.signer.resign().catch(() => undefined);
  }

  /** One round, in turn. Never rejects; says once that it fails, not every second. */
  async round(): Promise<void> {
    try {
      this.#last = await this.#inTurn(() => this.signer.round()).then((round) => this.#succeeded(round));
    } catch (error) {
      if (this.#last !== 'failed') {
        this.log.error(
          'The audit log is not signed: checkpoints cannot be written. Tokens are issued meanwhile.',
          errorFacts(error),
        );
      }
      this.#last = 'failed';
    }
  }

  #schedule(): void {
    if (this.#running) {
      this.#timer = setTimeout(() => void this.round().then(() => this.#schedule()), EVERY_MS);
    }
  }

  #succeeded(round: Round): Round {
    noteAssured();
    if (this.#last === 'failed') {
      this.log.info('The audit log is signed again.');
    }
    return round;
  }

  #inTurn(work: () => Promise<Round>): Promise<Round> {
    const round = this.#under.then(work);
    this.#under = round.catch(() => undefined);
    return round;
  }
}
