import { CONNECTION_STATES, type ConnectionRecord, shownState } from '@app/connections';
import { ApiProperty, ApiPropertyOptional } from '../../http/documented.js';
import { toTime, toTimeOrNull } from '../../http/time.js';

const TIME_OR_NULL = { type: String, format: 'date-time', nullable: true } as const;

/** Why a connection is in its state, or why its last attempt failed. */
export class TroubleView {
  @ApiProperty({ example: 'unauthorized' })
  readonly reason!: string;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 401,
    description: 'HTTP status that the provider answered.',
  })
  readonly upstream_status!: number | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'The parameter that the provider misses.' })
  readonly parameter!: string | null;
}

/** Which secret fields are set; their values never leave. */
export class CredentialView {
  @ApiProperty({ type: [String], example: ['refresh_token'] })
  readonly fields!: readonly string[];

  @ApiProperty({ format: 'date-time' })
  readonly updated_at!: string;
}

/** The token that is held, without itself. */
export class HeldTokenView {
  @ApiProperty({ type: 'integer', example: 41 })
  readonly generation!: number;

  @ApiProperty({ format: 'date-time' })
  readonly issued_at!: string;

  @ApiProperty({ format: 'date-time' })
  readonly expires_at!: string;
}

/** How renewal goes. */
export class RefreshStatusView {
  @ApiProperty(TIME_OR_NULL)
  readonly next_at!: string | null;

  @ApiProperty(TIME_OR_NULL)
  readonly last_attempt_at!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'ok' })
  readonly last_outcome!: string | null;

  @ApiProperty({ type: 'integer', example: 0 })
  readonly consecutive_failures!: number;

  @ApiProperty({ type: TroubleView, nullable: true })
  readonly last_error!: TroubleView | null;
}

/** A connection. Its ETag is the version that If-Match takes; it counts administrative changes, not refreshes. */
export class ConnectionView {
  @ApiProperty({ example: 'klavi' })
  readonly provider!: string;

  @ApiProperty({ example: 'acme' })
  readonly connection!: string;

  @ApiProperty({ enum: CONNECTION_STATES })
  readonly state!: string;

  @ApiProperty({ type: TroubleView, nullable: true })
  readonly state_reason!: TroubleView | null;

  @ApiPropertyOptional({
    type: [String],
    example: ['https://api.example.com'],
    description: 'Where its secrets would go since a change that nobody has confirmed: nothing is sent until then.',
  })
  readonly unconfirmed_hosts?: readonly string[];

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly settings!: Readonly<Record<string, unknown>>;

  @ApiProperty({ type: CredentialView })
  readonly credential!: CredentialView;

  @ApiProperty({ type: HeldTokenView, nullable: true })
  readonly token!: HeldTokenView | null;

  @ApiProperty({ type: RefreshStatusView })
  readonly refresh!: RefreshStatusView;

  @ApiProperty({ format: 'date-time' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time' })
  readonly updated_at!: string;
}

/** Part of the list of connections. */
export class ConnectionPageView {
  @ApiProperty({ type: [ConnectionView] })
  readonly items!: readonly ConnectionView[];

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly next_cursor!: string | null;
}

/** What an operator's refresh came to; never the token. */
export class RefreshReportView {
  @ApiProperty({ enum: ['ok', 'rejected', 'misconfigured', 'not_sent', 'unknown'] })
  readonly outcome!: string;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly reason!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 200 })
  readonly upstream_status!: number | null;

  @ApiProperty({ type: ConnectionView })
  readonly connection!: ConnectionView;
}

type Trouble = ConnectionRecord['stateTrouble'];

const toTroubleView = (trouble: Trouble): TroubleView | null =>
  trouble && { reason: trouble.reason, upstream_status: trouble.status, parameter: trouble.parameter ?? null };

/** In every other state nothing is sent, whatever time stands in the row. */
const isScheduled = (state: string): boolean => state === 'active' || state === 'uncertain';

/** A connection in the words of the HTTP contract. */
export function toConnectionView(record: ConnectionRecord): ConnectionView {
  const { state, trouble } = shownState(
    { state: record.state, trouble: record.stateTrouble },
    record.hosts.unconfirmed,
  );
  return { ...stateless(record), state, state_reason: toTroubleView(trouble), refresh: toRefreshView(record, state) };
}

const stateless = (record: ConnectionRecord): Omit<ConnectionView, 'state' | 'state_reason' | 'refresh'> => ({
  provider: record.provider,
  connection: record.connection,
  ...(record.hosts.unconfirmed.length > 0 && { unconfirmed_hosts: record.hosts.unconfirmed }),
  settings: record.settings,
  credential: { fields: record.credentialFields, updated_at: toTime(record.credentialUpdatedAt) },
  token: record.token && {
    generation: record.generation,
    issued_at: toTime(record.token.issuedAt),
    expires_at: toTime(record.token.expiresAt),
  },
  created_at: toTime(record.createdAt),
  updated_at: toTime(record.updatedAt),
});

const toRefreshView = (record: ConnectionRecord, state: string): RefreshStatusView => ({
  next_at: isScheduled(state) ? toTimeOrNull(record.refreshAt) : null,
  last_attempt_at: toTimeOrNull(record.lastAttemptAt),
  last_outcome: record.lastOutcome,
  consecutive_failures: record.consecutiveFailures,
  last_error: toTroubleView(record.lastTrouble),
});
