import { errorFacts, type Log, type LogFacts } from '@app/common';
import type { Retirement } from '../chain/checkpoint.js';
import { noteAssured } from './checkpoint.metrics.js';
import type { CheckpointSigner, Round } from './checkpoint.signer.js';

/** A second between rounds. */
const EVERY_MS = 1000;
/** Rounds in a row that see nothing signed before it is said: a replica that was killed is followed sooner. */
const ROUNDS_UNSIGNED = 10;
const MESSAGE = {
  failed: 'The audit log is not signed: checkpoints cannot be written. Tokens are issued meanwhile.',
  unsigned:
    'The audit log is not signed: who holds the right to sign it signs nothing. Tokens are issued meanwhile. Find out whom audit_signer names, and who wrote that.',
} as const;
type Trouble = keyof typeof MESSAGE;

/** The rounds of the signer: one a second, one at a time, for as long as the replica works. */
export class Checkpoints {
  #timer: NodeJS.Timeout | undefined;
  #under: Promise<unknown> = Promise.resolve();
  #last: Round | 'failed' | undefined;
  #unsigned = 0;
  /** What was said, and is not over. */
  readonly #troubles = new Set<Trouble>();
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

  /** One round, in turn. Never rejects; says once that it fails or that nobody signs, not every second, and once that this is over. */
  async round(): Promise<void> {
    try {
      this.#last = await this.#inTurn(() => this.signer.round());
    } catch (error) {
      this.#last = 'failed';
      this.#say('failed', errorFacts(error));
      return;
    }
    if (this.#last === 'unsigned') {
      this.#notSigned();
    } else {
      this.#signed();
    }
  }

  #schedule(): void {
    if (this.#running) {
      this.#timer = setTimeout(() => void this.round().then(() => this.#schedule()), EVERY_MS);
    }
  }

  #signed(): void {
    noteAssured();
    this.#unsigned = 0;
    if (this.#troubles.size > 0) {
      this.#troubles.clear();
      this.log.info('The audit log is signed again.');
    }
  }

  #notSigned(): void {
    this.#unsigned += 1;
    if (this.#unsigned >= ROUNDS_UNSIGNED) {
      this.#say('unsigned');
    }
  }

  #say(trouble: Trouble, facts?: LogFacts): void {
    if (!this.#troubles.has(trouble)) {
      this.#troubles.add(trouble);
      this.log.error(MESSAGE[trouble], facts);
    }
  }

  #inTurn(work: () => Promise<Round>): Promise<Round> {
    const round = this.#under.then(work);
    this.#under = round.catch(() => undefined);
    return round;
  }
}
