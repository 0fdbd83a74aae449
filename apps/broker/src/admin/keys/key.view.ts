import type { KeysStatus, KeyStanding, LiveReplica, Rotation } from '@app/connections';
import { KEY_PROVIDERS, KEY_STATES } from '@app/crypto';
import { ApiProperty } from '../../http/documented.js';
import { toTime, toTimeOrNull } from '../../http/time.js';

/** A key-encryption key; never the key itself. */
export class KeyView {
  @ApiProperty({ example: 'k-aaavt8srmngl' })
  readonly id!: string;

  @ApiProperty({ enum: KEY_PROVIDERS })
  readonly provider!: string;

  @ApiProperty({ example: 'k-aaavt8srmngl', description: 'How its provider calls it: an ARN for KMS.' })
  readonly reference!: string;

  @ApiProperty({ enum: KEY_STATES })
  readonly state!: string;

  @ApiProperty({ type: 'integer', example: 3, description: 'Live replicas that have opened what it sealed.' })
  readonly acknowledged_by!: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Stored values that need it; null of the primary key.' })
  readonly values!: number | null;

  @ApiProperty({ type: 'integer', description: 'Values that were re-wrapped away from it.' })
  readonly rewrapped!: number;

  @ApiProperty({ type: 'integer', description: 'Values of the last pass that do not open, and so keep it.' })
  readonly unreadable!: number;

  @ApiProperty({ format: 'date-time' })
  readonly created_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly promoted_at!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly retired_at!: string | null;
}

/** A replica that lives. */
export class ReplicaView {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;

  @ApiProperty({ format: 'date-time' })
  readonly seen_at!: string;

  @ApiProperty({ type: [String], description: 'Ids of the keys that it opens with.' })
  readonly opens!: readonly string[];

  @ApiProperty({ type: String, nullable: true, description: 'Id of the key that it seals with.' })
  readonly seals_with!: string | null;

  @ApiProperty({ type: [String], description: 'Ids of the keys that files of its spool need.' })
  readonly spooled_with!: readonly string[];
}

/** A rotation that is under way. */
export class RotationView {
  @ApiProperty({ example: 'k-aaavt8srmngl', description: 'The key that is, or is to become, the primary one.' })
  readonly key!: string;

  @ApiProperty({ enum: ['waiting_for_replicas', 'rewrapping'] })
  readonly phase!: string;

  @ApiProperty({ type: [String], description: 'Live replicas that do not open it yet.' })
  readonly waiting_for!: readonly string[];

  @ApiProperty({ type: 'integer' })
  readonly rewrapped!: number;

  @ApiProperty({ type: 'integer', description: 'Stored values that are still to be re-wrapped.' })
  readonly left!: number;

  @ApiProperty({ type: 'integer' })
  readonly unreadable!: number;
}

/** The keys, the replicas that use them, and what is under way. */
export class KeysView {
  @ApiProperty({ type: [KeyView] })
  readonly items!: readonly KeyView[];

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly next_cursor!: string | null;

  @ApiProperty({ type: [ReplicaView] })
  readonly replicas!: readonly ReplicaView[];

  @ApiProperty({ type: RotationView, nullable: true, description: 'null where none is under way.' })
  readonly rotation!: RotationView | null;
}

const toKeyView = (key: KeyStanding): KeyView => ({
  id: key.id,
  provider: key.provider,
  reference: key.reference,
  state: key.state,
  acknowledged_by: key.acknowledgedBy,
  values: key.values,
  rewrapped: key.rewrapped,
  unreadable: key.unreadable,
  created_at: toTime(key.createdAt),
  promoted_at: toTimeOrNull(key.promotedAt),
  retired_at: toTimeOrNull(key.retiredAt),
});

const toReplicaView = (replica: LiveReplica): ReplicaView => ({
  id: replica.id,
  seen_at: toTime(replica.seenAt),
  opens: replica.opens,
  seals_with: replica.sealsWith,
  spooled_with: replica.spooledWith,
});

const toRotationView = ({ waitingFor, ...rotation }: Rotation): RotationView => ({
  ...rotation,
  waiting_for: waitingFor,
});

/** All of it in the words of the HTTP contract, with these keys as the items. */
export const toKeysView = (
  { replicas, rotation }: KeysStatus,
  { items, nextCursor }: { readonly items: readonly KeyStanding[]; readonly nextCursor: string | null },
): KeysView => ({
  items: items.map(toKeyView),
  next_cursor: nextCursor,
  replicas: replicas.map(toReplicaView),
  rotation: rotation === null ? null : toRotationView(rotation),
});
