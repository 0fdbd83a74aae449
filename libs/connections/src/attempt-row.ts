import type { Envelopes } from '@app/crypto';
import { mergeLevels } from '@app/providers';
import type { AttemptRequest, OpenAttempt, UnrecordedAttempt } from './attempt.js';
import { epochMs } from './connection-row.js';
import { openFields } from './sealing.js';

/** Columns of `connections` (c) and `providers` (p) that an OpenAttempt is made of: reading those of a whole row takes longer than the rest. */
export const OPENED_COLUMNS = `
  c.id as connection_id, c.provider, c.name, c.generation, c.fence, c.credential, c.settings, c.token, c.consecutive_failures,
  c.credential_since, c.version, ${epochMs('c.credential_updated_at')} as credential_stored_at,
  ${epochMs('c.token_expires_at')} as token_expires_at,
  p.type, p.version as provider_version, p.settings as provider_settings, p.secrets as provider_secrets, p.secret_fields, p.secrets_generation`;

/** What opening an attempt returns, as pg returns it. */
export interface OpenedRow {
  readonly attempt_id: string;
  readonly connection_id: string;
  readonly provider: string;
  readonly name: string;
  readonly generation: number;
  readonly fence: string;
  readonly credential: Buffer;
  readonly settings: Record<string, unknown>;
  readonly token: Buffer | null;
  readonly token_expires_at: number | null;
  readonly consecutive_failures: number;
  readonly credential_since: number;
  readonly version: number;
  readonly credential_stored_at: number;
  readonly epoch: string | null;
  readonly type: string;
  readonly provider_version: number;
  readonly secret_fields: readonly string[];
  readonly provider_settings: Record<string, unknown>;
  readonly provider_secrets: Buffer | null;
  readonly secrets_generation: number;
}

/** The attempt with its effective credential opened. @throws EnvelopeError where a sealed value was changed or moved. */
export async function toOpenAttempt(
  row: OpenedRow,
  request: Pick<AttemptRequest, 'step' | 'trigger' | 'origin' | 'oneShot' | 'irretrievable'>,
  envelopes: Envelopes,
): Promise<OpenAttempt> {
  const { connection_id: connectionId, generation } = row;
  const place = { table: 'connections', row: connectionId, generation } as const;
  const held = await openFields(envelopes, place, row.credential);
  const providerPlace = { table: 'providers', row: row.provider, generation: row.secrets_generation } as const;
  const shared = row.provider_secrets === null ? {} : await openFields(envelopes, providerPlace, row.provider_secrets);
  return {
    id: row.attempt_id,
    connectionId,
    provider: row.provider,
    connection: row.name,
    type: row.type,
    generation,
    fence: row.fence,
    step: request.step,
    trigger: request.trigger,
    origin: request.origin,
    oneShot: request.oneShot,
    irretrievable: request.irretrievable,
    epoch: row.epoch === null ? null : Number(row.epoch),
    credentialSince: row.credential_since,
    version: row.version,
    providerVersion: row.provider_version,
    credentialStoredAt: Math.round(row.credential_stored_at),
    sharedSecrets: Object.hasOwn(row.settings, 'client_id')
      ? []
      : row.secret_fields.filter((name) => !Object.hasOwn(held, name)),
    tokenExpiresAt: row.token_expires_at === null ? null : Math.round(row.token_expires_at),
    sealedToken: row.token,
    consecutiveFailures: row.consecutive_failures,
    held,
    effective: mergeLevels(
      { settings: row.provider_settings, secrets: shared },
      { settings: row.settings, secrets: held },
    ),
  };
}

/** A closed attempt without its audit row, as pg returns it. */
export interface UnrecordedRow {
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly generation: number;
  readonly outcome: UnrecordedAttempt['outcome'];
  readonly reason: string | null;
  readonly parameter: string | null;
  readonly upstream_status: number | null;
  readonly duration_ms: number | null;
  readonly caller: string | null;
  readonly key_id: string | null;
  readonly request_id: string | null;
  readonly client_ip: string | null;
}

/** The row in our words. */
export const toUnrecorded = (row: UnrecordedRow): UnrecordedAttempt => ({
  id: row.id,
  provider: row.provider,
  connection: row.name,
  generation: row.generation,
  outcome: row.outcome,
  reason: row.parameter === null ? row.reason : `${row.reason}:${row.parameter}`,
  upstreamStatus: row.upstream_status,
  durationMs: row.duration_ms,
  origin: {
    actor:
      row.caller !== null && row.key_id !== null
        ? { type: 'caller', caller: row.caller, keyId: row.key_id }
        : { type: 'system' },
    requestId: row.request_id,
    clientIp: row.client_ip,
  },
});
