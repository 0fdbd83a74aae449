import { Injectable } from '@nestjs/common';
import { type AuditOrigin, RecordedChanges } from '@app/audit';
import { type EncryptionKey, Envelopes, Keyring } from '@app/crypto';
import { canaryPlace, canaryText } from './key-record.js';
import { KeyStatesRepository } from './key-states.repository.js';
import { KeysRepository, type NewKey } from './keys.repository.js';

const SYSTEM = { actor: { type: 'system' } } as const;

/** Writes keys down, each with a canary that it sealed: whoever opens that can use the key. */
@Injectable()
export class KeyRegistrar {
  constructor(
    private readonly keys: KeysRepository,
    private readonly keyring: Keyring,
    private readonly envelopes: Envelopes,
    private readonly changes: RecordedChanges,
  ) {}

  /** Reads the key file again where it changed. @throws KeyFileError where it cannot be used; the keys stay as they were. */
  reload(): void {
    this.keyring.reload();
  }

  /** A database that knows no keys is told those of this replica, in the states that the key file gives them. */
  async seed(): Promise<void> {
    const keys: NewKey[] = [];
    for (const key of this.keyring.first) {
      keys.push({ ...key, canary: await this.#canary(key) });
    }
    await this.keys.seed(keys);
  }

  /** Writes down, as pending, what the key file and the configuration bring and nobody knows yet. */
  async addOffered(known: readonly EncryptionKey[]): Promise<void> {
    const ids = new Set(known.map(({ id }) => id));
    for (const key of this.keyring.offered().filter(({ id }) => !ids.has(id))) {
      await this.add(SYSTEM, key);
    }
  }

  /** Without effect where it is known. @throws KeyServiceError where the service cannot seal with it. */
  async add(origin: AuditOrigin, key: Omit<EncryptionKey, 'state'>): Promise<void> {
    const canary = await this.#canary(key);
    await this.changes.changeApart(origin, async (transaction) => {
      const states = await KeyStatesRepository.lock(transaction);
      const added = await states.add({ ...key, state: 'pending', canary });
      return { result: undefined, events: added ? [{ action: 'encryption_key.added', reason: key.id }] : [] };
    });
  }

  #canary(key: Omit<EncryptionKey, 'state'>): Promise<Buffer> {
    return this.envelopes.sealWith(key, canaryText(key.id), canaryPlace(key.id));
  }
}
