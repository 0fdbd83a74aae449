import { Inject, Injectable } from '@nestjs/common';
import { Config } from '@app/config';
import { Keyring, type KeyStates } from '@app/crypto';
import { Spool } from '../spool/spool.js';
import { KeyProofs } from './key-proofs.js';
import type { KeyRecord } from './key-record.js';
import { KeysRepository } from './keys.repository.js';

/** So many files of the spool are re-wrapped at a time. */
const MOST_FILES = 50;

/** Follows the states of keys that all replicas share, and says that this one lives and what it opens. */
@Injectable()
export class KeyFollower implements KeyStates {
  /** Monotonic time of the last word: another replica may stop counting on this one `replicaMs` later. */
  #saidAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;
  #known: readonly KeyRecord[] = [];

  constructor(
    private readonly keyring: Keyring,
    private readonly keys: KeysRepository,
    private readonly proofs: KeyProofs,
    private readonly spool: Spool,
    @Inject(Config) private readonly config: Config,
  ) {}

  /** The keys as they were last read. */
  get known(): readonly KeyRecord[] {
    return this.#known;
  }

  /** False once this replica does not count any more: it was frozen, or the database is away. */
  isCurrent(): boolean {
    return performance.now() - this.#saidAt < this.config.timing.replicaMs;
  }

  /** @throws BrokerError `storage_unavailable` where the database cannot be asked. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** The states as they are now. */
  async read(): Promise<readonly KeyRecord[]> {
    const keys = await this.keys.all();
    if (keys.length > 0) {
      this.keyring.follow(keys);
      this.#known = keys;
    }
    return keys;
  }

  /** Brings files of the spool under the primary key, some at a time. @throws Error where that cannot be done now. */
  rewrapSpool(): Promise<void> {
    return this.spool.rewrap(this.keyring.primary.id, MOST_FILES);
  }

  /** This replica ends. */
  leave(): Promise<void> {
    return this.keys.leave();
  }

  async #refresh(): Promise<void> {
    const askedAt = performance.now();
    const sealsWith = this.keyring.primary.id;
    const opens = this.proofs.opens;
    await this.keys.beat({ opens, sealsWith, spooledWith: this.spool.keyIds() });
    await this.read();
    this.#saidAt = askedAt;
    await this.proofs.prove(this.#known);
    // What was proved just now is told at once: a rotation waits for it.
    if (this.proofs.opens.some((id) => !opens.includes(id)) || sealsWith !== this.keyring.primary.id) {
      await this.keys.beat({
        opens: this.proofs.opens,
        sealsWith: this.keyring.primary.id,
        spooledWith: this.spool.keyIds(),
      });
    }
  }
}
