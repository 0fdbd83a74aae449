import { Injectable } from '@nestjs/common';
import { type AuditOrigin, type Change, RecordedChanges } from '@app/audit';
import { BrokerError, invalidRequest } from '@app/common';
import { type EncryptionKey, isLocal, Keyring, type KeyProviderName, parseKmsArn } from '@app/crypto';
import { KeyRegistrar } from './key-registrar.js';
import { alreadyWanted, type KeysStatus, type WantedKey } from './key-record.js';
import { KeyStandings } from './key.standings.js';
import { KeyStatesRepository } from './key-states.repository.js';
import { KeyWatch } from './key.watch.js';

const KEY_ID = /^[A-Za-z0-9][\w.-]{0,63}$/;

type Key = Omit<EncryptionKey, 'state'>;

/** Encryption keys as an administrator sees and rotates them. */
@Injectable()
export class KeyRotationService {
  constructor(
    private readonly changes: RecordedChanges,
    private readonly keyring: Keyring,
    private readonly registrar: KeyRegistrar,
    private readonly standings: KeyStandings,
    private readonly watch: KeyWatch,
  ) {}

  /** The keys, the replicas, and what is under way. */
  status(): Promise<KeysStatus> {
    return this.standings.read();
  }

  /**
   * Has the key become the primary one as soon as every live replica opens it; what is stored is re-wrapped then. Asking again
   * changes nothing, and asking for the present primary key cancels a rotation that waits. Answers as `status`.
   * @throws BrokerError `invalid_request` where this replica has no such key, `conflict` where another rotation waits,
   * `storage_unavailable` where the key service cannot seal with it.
   */
  async rotate(origin: AuditOrigin, wanted: WantedKey): Promise<KeysStatus> {
    const key = this.#resolve(wanted);
    const { keys } = await this.standings.read();
    const known = keys.find(({ id }) => id === key.id);
    if (known !== undefined && !isSame(known, key)) {
      throw refusedKey(`is the id of a key of ${known.provider} already`);
    }
    if (known === undefined || known.state !== 'primary') {
      this.#requireAtHand(key);
    }
    if (known === undefined) {
      await this.registrar.add(origin, key);
    }
    await this.changes.changeApart(origin, (transaction, now) => want(transaction, key.id, now));
    await this.watch.hurry(key.id);
    return this.standings.read();
  }

  #resolve({ key, provider = this.#usual() }: WantedKey): Key {
    if (provider === 'aws-kms') {
      const parsed = parseKmsArn(key);
      if (parsed === undefined) {
        throw refusedKey('must be the ARN of a KMS key, not an alias');
      }
      return { id: parsed.id, reference: key, provider };
    }
    if (!KEY_ID.test(key)) {
      throw refusedKey('must be 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit');
    }
    return { id: key, reference: key, provider };
  }

  #requireAtHand(key: Key): void {
    if (!this.keyring.has(key)) {
      this.keyring.reload();
    }
    if (this.keyring.has(key)) {
      return;
    }
    throw isLocal(key.provider)
      ? refusedKey(
          'is not in the key file of this replica: add it with "claviger keys add", and give the file to every replica',
        )
      : invalidRequest([{ field: 'provider', message: 'is not configured: set its variables on every replica first' }]);
  }

  /** What KEY_PROVIDER names. */
  #usual(): KeyProviderName {
    return this.keyring.first.find(({ state }) => state === 'primary')?.provider ?? 'file';
  }
}

async function want(
  transaction: Parameters<typeof KeyStatesRepository.lock>[0],
  id: string,
  now: Date,
): Promise<Change<void>> {
  const states = await KeyStatesRepository.lock(transaction);
  const [key, waiting] = [states.find(id), states.keys.find(({ wanted }) => wanted)];
  if (key === undefined) {
    throw new BrokerError('conflict', `The key ${id} is gone: ask again.`);
  }
  if (key.state === 'primary') {
    await states.wantNone();
    const events =
      waiting === undefined ? [] : [{ action: 'encryption_key.rotation_cancelled', reason: waiting.id } as const];
    return { result: undefined, events };
  }
  if (waiting !== undefined && waiting.id !== id) {
    throw alreadyWanted(waiting.id);
  }
  if (key.wanted) {
    return { result: undefined, events: [] };
  }
  await states.want(id, now);
  return { result: undefined, events: [{ action: 'encryption_key.rotation_requested', reason: id }] };
}

const isSame = (one: Key, other: Key): boolean =>
  one.reference === other.reference &&
  (one.provider === other.provider || (isLocal(one.provider) && isLocal(other.provider)));

const refusedKey = (message: string): BrokerError => invalidRequest([{ field: 'key', message }]);
