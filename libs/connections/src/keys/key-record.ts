import { BrokerError } from '@app/common';
import type { EncryptionKey, KeyProviderName } from '@app/crypto';

/** A key-encryption key as all replicas know it. */
export interface KeyRecord extends EncryptionKey {
  /** Sealed with this key, for `canaryPlace`. */
  readonly canary: Buffer;
  /** True while it is to become the primary key. */
  readonly wanted: boolean;
  readonly createdAt: Date;
  readonly promotedAt: Date | null;
  readonly retiredAt: Date | null;
  /** How many values were re-wrapped away from it. */
  readonly rewrapped: number;
  /** How many values of the last pass did not open. */
  readonly unreadable: number;
}

/** A replica that was heard of a moment ago. */
export interface LiveReplica {
  readonly id: string;
  readonly seenAt: Date;
  /** Ids of the keys that it has proved to open with. */
  readonly opens: readonly string[];
  readonly sealsWith: string | null;
  /** Ids of the keys that files of its spool are sealed with. */
  readonly spooledWith: readonly string[];
}

/** A key together with what still needs it. */
export interface KeyStanding extends KeyRecord {
  /** Live replicas that have opened its canary. */
  readonly acknowledgedBy: number;
  /** Stored values that are sealed with it; null of the primary key, which seals them all. */
  readonly values: number | null;
}

/** A rotation that is under way. */
export interface Rotation {
  /** The key that is, or is to become, the primary one. */
  readonly key: string;
  readonly phase: 'waiting_for_replicas' | 'rewrapping';
  /** Live replicas that do not open it yet. */
  readonly waitingFor: readonly string[];
  /** Values that were re-wrapped, that are left, and that do not open. */
  readonly rewrapped: number;
  readonly left: number;
  readonly unreadable: number;
}

/** The keys, who uses them, and what is under way. */
export interface KeysStatus {
  readonly keys: readonly KeyStanding[];
  readonly replicas: readonly LiveReplica[];
  readonly rotation: Rotation | null;
}

/** Which key is to become the primary one; without a provider, the one that KEY_PROVIDER names is meant. */
export interface WantedKey {
  /** The id of a local key, the name of a transit key, the ARN of a KMS key. */
  readonly key: string;
  readonly provider?: KeyProviderName | undefined;
}

const CANARY_TEXT = 'claviger canary';

/** Where a key's canary is sealed for. */
export const canaryPlace = (id: string) =>
  ({ table: 'encryption_keys', row: id, column: 'canary', generation: 0 }) as const;

/** What a canary says. */
export const canaryText = (id: string): string => `${CANARY_TEXT} ${id}`;

/** @throws by whoever asks for a second rotation before the first one has its new primary key. */
export const alreadyWanted = (id: string): BrokerError =>
  new BrokerError(
    'conflict',
    `A rotation to the key ${id} waits for its replicas: let it end, or ask for the present primary key, which cancels it.`,
  );

/** What is under way, from what stands in the tables. */
export function rotationOf(keys: readonly KeyStanding[], replicas: readonly LiveReplica[]): Rotation | null {
  const wanted = keys.find((key) => key.wanted);
  const old = keys.filter(
    ({ state, values }) => state !== 'primary' && (state === 'decrypt_only' || (values ?? 0) > 0),
  );
  const primary = keys.find(({ state }) => state === 'primary');
  const target = wanted ?? (old.length > 0 ? primary : undefined);
  if (target === undefined) {
    return null;
  }
  const sum = (count: (key: KeyStanding) => number): number => old.reduce((total, key) => total + count(key), 0);
  return {
    key: target.id,
    phase: wanted === undefined ? 'rewrapping' : 'waiting_for_replicas',
    waitingFor: replicas.filter(({ opens }) => !opens.includes(target.id)).map(({ id }) => id),
    rewrapped: sum(({ rewrapped }) => rewrapped),
    left: sum(({ values }) => values ?? 0),
    unreadable: sum(({ unreadable }) => unreadable),
  };
}
