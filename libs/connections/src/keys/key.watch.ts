import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log } from '@app/common';
import { Config } from '@app/config';
import { KeyFollower } from './key.follower.js';
import { KeyRegistrar } from './key-registrar.js';
import { KeyRotation } from './key.rotation.js';

/** What a replica does for encryption keys while it runs: says that it lives, finds new keys, brings rotations on. */
@Injectable()
export class KeyWatch {
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #ticking: Promise<void> = Promise.resolve();
  #advancing: Promise<void> | undefined;
  readonly #told = new Map<string, string>();

  constructor(
    private readonly follower: KeyFollower,
    private readonly registrar: KeyRegistrar,
    private readonly rotation: KeyRotation,
    @Inject(Config) private readonly config: Config,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Resolves after the first look: from then on this replica counts. */
  async start(): Promise<void> {
    await this.#tick();
    this.#schedule();
  }

  /** Nobody waits for this replica any more. Resolves when nothing of it is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#ticking;
    await this.#advancing;
    await this.follower.leave().catch((error: unknown) => this.#tell('leave', error));
  }

  /** Makes this key the primary one now, if that can be done, instead of at the next look. Never rejects. */
  async hurry(id: string): Promise<void> {
    await this.#look();
    // The first look may have begun before the key was wanted.
    await this.#look();
    await this.#try('promote', () => this.rotation.promote(id));
    await this.#look();
  }

  #schedule(): void {
    if (!this.#stopped) {
      this.#timer = setTimeout(() => {
        this.#ticking = this.#tick().finally(() => this.#schedule());
      }, this.config.timing.keysEveryMs);
    }
  }

  async #tick(): Promise<void> {
    await this.#look();
    await this.#try('spool', () => this.follower.rewrapSpool());
    await this.#try('add', () => this.registrar.addOffered(this.follower.known));
    // Re-wrapping takes its time; this replica goes on saying that it lives.
    this.#advancing ??= this.#try('advance', () => this.rotation.advance(this.follower.known)).finally(
      () => (this.#advancing = undefined),
    );
  }

  async #look(): Promise<void> {
    await this.#try('reload', () => this.registrar.reload());
    await this.#try('refresh', () => this.follower.refresh());
  }

  async #try(what: string, work: () => unknown): Promise<void> {
    try {
      await work();
      this.#told.delete(what);
    } catch (error) {
      this.#tell(what, error);
    }
  }

  /** Once, until it succeeds or fails otherwise. */
  #tell(what: string, error: unknown): void {
    const facts = errorFacts(error);
    const text = JSON.stringify(facts);
    if (this.#told.get(what) !== text) {
      this.#told.set(what, text);
      this.log.error('Encryption keys could not be looked after; it is tried again.', { source: what, ...facts });
    }
  }
}
