import type { Envelopes, Fingerprints } from '@app/crypto';
import { Secret } from '@app/common';
import { mergeSettings, type OutcomeKind, type ProviderRegistry, traitsOf } from '@app/providers';
import type { Connection, ConnectionState, HeldToken, Trouble, Unsettled } from './connection.js';
import { shownState } from './shown-state.js';
import { openToken } from './sealing.js';

/**
 * Where a Connection is read from: its row, of the table or of what a statement returned of it, its provider's, and what was sent of
 * its current generation without a known outcome.
 */
export const connectionTables = (rows: 'connections' | 'claimed'): string => `
  ${rows} c join providers p on p.name = c.provider left join lateral (
    select min(a.sent_at) filter (where a.step = 'refresh') as first_sent_at,
      max(a.sent_at) filter (where a.step = 'refresh') as last_sent_at,
      max(a.closed_at) filter (where a.step = 'introspect' and a.outcome = 'ok') as unused_at,
      max(a.closed_at) filter (where a.step = 'introspect' and a.outcome not in ('ok', 'abandoned')
        and a.reason is distinct from 'abandoned_before_send') as asked_in_vain_at
    from attempts a
    where a.connection_id = c.id and a.generation = c.generation and a.sent_at is not null
      and (a.outcome is null or a.outcome in ('unknown', 'abandoned') or a.step = 'introspect')
  ) as sent on true`;

/** Columns of `connections` (c), `providers` (p) and those attempts (sent) that a Connection is made of. */
export const CONNECTION_COLUMNS = `
  c.fence, coalesce(c.lease_expires_at > clock_timestamp(), false) as leased, c.last_used_at,
  sent.first_sent_at, sent.last_sent_at, sent.unused_at, sent.asked_in_vain_at, p.refused_reason, p.refused_status,
  c.id, c.provider, c.name, p.type, c.state, c.state_reason, c.state_upstream_status, c.state_parameter, c.generation,
  c.token, c.token_issued_at, c.token_expires_at, c.token_lifetime_seconds, c.refresh_at, c.retry_at,
  c.consecutive_failures, c.last_outcome, c.last_reason, c.last_upstream_status, c.next_step,
  c.settings, c.credential_fields, c.unconfirmed_hosts, c.updated_at, p.settings as provider_settings, p.secret_fields`;

/** One such row, as pg returns it. */
export interface ConnectionRow {
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly type: string;
  readonly state: ConnectionState;
  readonly state_reason: string | null;
  readonly state_upstream_status: number | null;
  readonly state_parameter: string | null;
  readonly generation: number;
  readonly token: Buffer | null;
  readonly token_issued_at: Date | null;
  readonly token_expires_at: Date | null;
  readonly token_lifetime_seconds: number | null;
  readonly refresh_at: Date | null;
  readonly retry_at: Date | null;
  readonly consecutive_failures: number;
  readonly last_outcome: OutcomeKind | null;
  readonly last_reason: string | null;
  readonly last_upstream_status: number | null;
  readonly next_step: 'refresh' | 'relogin';
  readonly fence: string;
  readonly leased: boolean;
  readonly last_used_at: Date | null;
  readonly first_sent_at: Date | null;
  readonly last_sent_at: Date | null;
  readonly unused_at: Date | null;
  readonly asked_in_vain_at: Date | null;
  readonly refused_reason: string | null;
  readonly refused_status: number | null;
  readonly settings: Record<string, unknown>;
  readonly credential_fields: readonly string[];
  readonly unconfirmed_hosts: readonly string[];
  readonly updated_at: Date;
  readonly provider_settings: Record<string, unknown>;
  readonly secret_fields: readonly string[];
}

/** What opens the sealed parts of a row, and what knows its type. */
export interface Opener {
  readonly registry: ProviderRegistry;
  readonly envelopes: Envelopes;
  readonly fingerprints: Fingerprints;
}

/** The row with its token opened. @throws EnvelopeError where the token was changed or moved. */
export async function toConnection(row: ConnectionRow, opener: Opener): Promise<Connection> {
  const settings = mergeSettings(row.provider_settings, row.settings);
  const trouble = toTrouble(row.state_reason, row.state_upstream_status, row.state_parameter);
  return {
    id: row.id,
    provider: row.provider,
    connection: row.name,
    type: row.type,
    ...shownState({ state: row.state, trouble }, row.unconfirmed_hosts),
    generation: row.generation,
    fence: row.fence,
    leased: row.leased,
    unsettled: toUnsettled(row),
    token: await toToken(row, opener),
    refreshAt: row.refresh_at?.getTime() ?? null,
    retryAt: row.retry_at?.getTime() ?? null,
    consecutiveFailures: row.consecutive_failures,
    lastOutcome: row.last_outcome,
    lastTrouble: toTrouble(row.last_reason, row.last_upstream_status, null),
    lastStatus: row.last_upstream_status,
    nextStep: row.next_step,
    fields: new Set([...Object.keys(settings), ...row.secret_fields, ...row.credential_fields]),
    settings,
    traits: traitsOf(opener.registry.require(row.type), settings),
    providerTrouble: isOwnClient(row) ? null : toTrouble(row.refused_reason, row.refused_status, null),
    lastUsedAt: row.last_used_at?.getTime() ?? null,
    changedAt: row.updated_at.getTime(),
  };
}

/** Whether the connection is a client of its own at the third party, with an id or a secret that others do not share. */
const isOwnClient = ({ settings, credential_fields: own, secret_fields: shared }: ConnectionRow): boolean =>
  Object.hasOwn(settings, 'client_id') || own.some((name) => shared.includes(name));

/** Why something is as it is, from its three columns. */
export function toTrouble(reason: string | null, status: number | null, parameter: string | null): Trouble | null {
  return reason === null ? null : { reason, status, ...(parameter === null ? {} : { parameter }) };
}

function toUnsettled({ first_sent_at, last_sent_at, unused_at, asked_in_vain_at }: ConnectionRow): Unsettled | null {
  if (first_sent_at === null || last_sent_at === null) {
    return null;
  }
  return {
    firstSentAt: first_sent_at.getTime(),
    lastSentAt: last_sent_at.getTime(),
    unusedAt: unused_at?.getTime() ?? null,
    askedInVainAt: asked_in_vain_at?.getTime() ?? null,
  };
}

async function toToken(row: ConnectionRow, { envelopes, fingerprints }: Opener): Promise<HeldToken | null> {
  if (row.token === null || row.token_issued_at === null || row.token_expires_at === null) {
    return null;
  }
  const { access_token, token_type, extra } = await openToken(
    envelopes,
    { table: 'connections', row: row.id, generation: row.generation },
    row.token,
  );
  return {
    accessToken: new Secret(access_token),
    fingerprint: fingerprints.of(access_token),
    tokenType: token_type,
    extra,
    issuedAt: row.token_issued_at.getTime(),
    expiresAt: row.token_expires_at.getTime(),
    lifetimeSeconds: row.token_lifetime_seconds,
  };
}
