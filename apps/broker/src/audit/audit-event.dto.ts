import { AUDIT_ACTIONS, AUDIT_OUTCOMES, type RecordedEvent } from '@app/audit';
import { ApiProperty } from '../http/documented.js';

/** Who did it. */
export class AuditActorDto {
  @ApiProperty({ enum: ['caller', 'system', 'anonymous'], description: '`system` is the work of the broker itself.' })
  readonly type!: string;

  @ApiProperty({ type: String, nullable: true, example: 'billing' })
  readonly caller!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Which of its keys; never the key.' })
  readonly key_id!: string | null;
}

/** One line of the log, as `GET /audit/events` shows it. */
export class AuditEventDto {
  @ApiProperty({ description: 'Stream and sequence of the event.', example: '7-1042' })
  readonly id!: string;

  @ApiProperty({ format: 'date-time', description: 'Time of the database, UTC.' })
  readonly at!: string;

  @ApiProperty({ enum: AUDIT_ACTIONS })
  readonly action!: string;

  @ApiProperty({ enum: AUDIT_OUTCOMES })
  readonly outcome!: string;

  @ApiProperty({ type: AuditActorDto })
  readonly actor!: AuditActorDto;

  @ApiProperty({ type: String, nullable: true, example: 'klavi' })
  readonly provider!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'acme' })
  readonly connection!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'The state of the connection that the event concerns.' })
  readonly generation!: number | null;

  @ApiProperty({ type: String, nullable: true })
  readonly request_id!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly client_ip!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'HTTP status that the provider answered.' })
  readonly upstream_status!: number | null;

  @ApiProperty({ type: String, nullable: true, example: 'unauthorized' })
  readonly reason!: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  readonly duration_ms!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'HMAC of the token, never the token.' })
  readonly token_fingerprint!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'Until when that token was good.' })
  readonly token_expires_at!: string | null;

  @ApiProperty({ type: [String], description: 'Names of the fields that a change touched, never their values.' })
  readonly fields!: readonly string[];

  @ApiProperty({ type: 'integer', description: 'How many like events this line stands for.' })
  readonly count!: number;

  @ApiProperty({
    enum: ['database', 'local'],
    description: '`local`: it waited on the disk of the replica while the database was away.',
  })
  readonly device!: string;
}

/** A page of the log. */
export class AuditPageDto {
  @ApiProperty({ type: [AuditEventDto] })
  readonly items!: readonly AuditEventDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Asks for the events that follow; null where none do.' })
  readonly next_cursor!: string | null;
}

/** The event in the words of the HTTP contract. */
export const toAuditEventDto = (event: RecordedEvent): AuditEventDto => ({
  id: `${event.stream}-${event.seq}`,
  at: event.at.toISOString(),
  action: event.action,
  outcome: event.outcome,
  actor: { type: event.actor.type, caller: event.actor.caller, key_id: event.actor.keyId },
  provider: event.provider,
  connection: event.connection,
  generation: event.generation,
  request_id: event.requestId,
  client_ip: event.clientIp,
  upstream_status: event.upstreamStatus,
  reason: event.reason,
  duration_ms: event.durationMs,
  token_fingerprint: event.tokenFingerprint,
  token_expires_at: event.tokenExpiresAt?.toISOString() ?? null,
  fields: event.fields,
  count: event.count,
  device: event.device,
});
