import { oneLine } from '@app/common';
import type { AuditDevice } from './audit.store.js';
import type { AuditRow } from './row.js';

/**
 * The text of a row, which is what is hashed, stored and exported: JSON in one line, fields in this order, none that is null,
 * and no character that a terminal or a viewer would act upon.
 * `id` is stream and number, `time` RFC 3339 in UTC. docs/audit.md describes every field.
 */
export const bodyOf = (id: string, time: string, row: AuditRow, device: AuditDevice): string =>
  oneLine(
    JSON.stringify({
      id,
      at: time,
      action: row.action,
      outcome: row.outcome,
      actor: row.actor,
      caller: row.caller ?? undefined,
      key_id: row.keyId ?? undefined,
      provider: row.provider ?? undefined,
      connection: row.connection ?? undefined,
      generation: row.generation ?? undefined,
      request_id: row.requestId ?? undefined,
      client_ip: row.clientIp ?? undefined,
      upstream_status: row.upstreamStatus ?? undefined,
      reason: row.reason ?? undefined,
      duration_ms: row.durationMs ?? undefined,
      token_fingerprint: row.tokenFingerprint ?? undefined,
      token_expires_at: row.tokenExpiresAt ?? undefined,
      fields: row.fields.length === 0 ? undefined : row.fields,
      count: row.count === 1 ? undefined : row.count,
      device: device === 'database' ? undefined : device,
    }),
  );
