import type { ExportedLine } from '../mapping/exported-line.js';
import type { RecordedEvent } from './search.js';

/** What the text of a row says, but for its place. */
export function parseBody(text: string): Omit<RecordedEvent, 'stream' | 'seq' | 'at'> {
  const body = JSON.parse(text) as ExportedLine;
  return {
    action: body.action,
    outcome: body.outcome,
    actor: { type: body.actor, caller: body.caller ?? null, keyId: body.key_id ?? null },
    provider: body.provider ?? null,
    connection: body.connection ?? null,
    generation: body.generation ?? null,
    requestId: body.request_id ?? null,
    clientIp: body.client_ip ?? null,
    upstreamStatus: body.upstream_status ?? null,
    reason: body.reason ?? null,
    durationMs: body.duration_ms ?? null,
    tokenFingerprint: body.token_fingerprint ?? null,
    tokenExpiresAt: body.token_expires_at === undefined ? null : new Date(body.token_expires_at),
    fields: body.fields ?? [],
    count: body.count ?? 1,
    device: body.device ?? 'database',
  };
}
