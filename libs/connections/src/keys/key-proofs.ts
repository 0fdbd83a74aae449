import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log } from '@app/common';
import { EnvelopeError, Envelopes, Keyring, KeyServiceError } from '@app/crypto';
import { canaryPlace, canaryText, type KeyRecord } from './key-record.js';

/** What this process has proved: that it opens what a key sealed. */
@Injectable()
export class KeyProofs {
  readonly #proved = new Set<string>();
  readonly #told = new Set<string>();

  constructor(
    private readonly envelopes: Envelopes,
    private readonly keyring: Keyring,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Ids of the keys that this process opens with. */
  get opens(): readonly string[] {
    return [...this.#proved];
  }

  /**
   * The keys that are needed to read what is stored are those that this process has. A service that cannot be asked now is taken at
   * its word. @throws EnvelopeError that names the missing or wrong key.
   */
  async require(keys: readonly KeyRecord[]): Promise<void> {
    for (const key of keys.filter(({ state }) => state === 'primary' || state === 'decrypt_only')) {
      try {
        await this.#prove(key);
      } catch (error) {
        if (!(error instanceof KeyServiceError)) {
          throw error;
        }
        this.log.warn('The key service cannot be asked: what it sealed cannot be opened until it answers.', {
          key_id: key.id,
          ...errorFacts(error),
        });
      }
    }
  }

  /** Tries the keys that are not proved yet. Never rejects: what fails is told once, and tried again the next time. */
  async prove(keys: readonly KeyRecord[]): Promise<void> {
    for (const key of keys) {
      if (!this.keyring.has(key)) {
        this.#proved.delete(key.id);
      } else if (!this.#proved.has(key.id)) {
        await this.#prove(key).catch((error: unknown) => this.#tell(key, error));
      }
    }
  }

  async #prove({ id, canary }: KeyRecord): Promise<void> {
    const opened = await this.envelopes.open(canary, canaryPlace(id));
    if (opened.toString() !== canaryText(id)) {
      throw new EnvelopeError(`The canary of key ${id} says something else: it was changed.`);
    }
    this.#proved.add(id);
    this.#told.delete(id);
  }

  #tell({ id, state }: KeyRecord, error: unknown): void {
    if (!this.#told.has(id)) {
      this.#told.add(id);
      this.log.error('This replica cannot open what an encryption key sealed; it is tried again.', {
        key_id: id,
        reason: state,
        ...errorFacts(error),
      });
    }
  }
}
