import type { Envelopes, Fingerprints } from '@app/crypto';
import { Secret } from '@app/common';
import type { OutcomeKind, Step } from '@app/providers';
import type { Connection, ConnectionState, HeldToken, Trouble } from './connection.js';
import { openToken } from './sealing.js';

/** Columns of `connections` (c) and `providers` (p) that a Connection is made of. */
export const CONNECTION_COLUMNS = `
  c.id, c.provider, c.name, p.type, c.state, c.state_reason, c.state_upstream_status, c.state_parameter, c.generation,
  c.token, c.token_issued_at, c.token_expires_at, c.token_lifetime_seconds, c.refresh_at, c.retry_at,
  c.consecutive_failures, c.last_outcome, c.last_reason, c.last_upstream_status, c.next_step,
  c.settings, c.credential_fields, c.updated_at, p.settings as provider_settings, p.secret_fields`;

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
  readonly next_step: Step;
  readonly settings: Record<string, unknown>;
  readonly credential_fields: readonly string[];
  readonly updated_at: Date;
  readonly provider_settings: Record<string, unknown>;
  readonly secret_fields: readonly string[];
}

/** What opens the sealed parts of a row. */
export interface Opener {
  readonly envelopes: Envelopes;
  readonly fingerprints: Fingerprints;
}

/** The row with its token opened. @throws EnvelopeError where the token was changed or moved. */
export function toConnection(row: ConnectionRow, opener: Opener): Connection {
  return {
    id: row.id,
    provider: row.provider,
    connection: row.name,
    type: row.type,
    state: row.state,
    trouble: toTrouble(row.state_reason, row.state_upstream_status, row.state_parameter),
    generation: row.generation,
    token: toToken(row, opener),
    refreshAt: row.refresh_at?.getTime() ?? null,
    retryAt: row.retry_at?.getTime() ?? null,
    consecutiveFailures: row.consecutive_failures,
    lastOutcome: row.last_outcome,
    lastTrouble: toTrouble(row.last_reason, row.last_upstream_status, null),
    lastStatus: row.last_upstream_status,
    nextStep: row.next_step,
    fields: new Set([
      ...Object.keys(row.provider_settings),
      ...row.secret_fields,
      ...Object.keys(row.settings),
      ...row.credential_fields,
    ]),
    changedAt: row.updated_at.getTime(),
  };
}

function toTrouble(reason: string | null, status: number | null, parameter: string | null): Trouble | null {
  return reason === null ? null : { reason, status, ...(parameter === null ? {} : { parameter }) };
}

function toToken(row: ConnectionRow, { envelopes, fingerprints }: Opener): HeldToken | null {
  if (row.token === null || row.token_issued_at === null || row.token_expires_at === null) {
    return null;
  }
  const { access_token, token_type, extra } = openToken(envelopes, row.id, row.generation, row.token);
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
