import type { RecordedEvent } from './search.js';

/** Fields as `bodyOf` wrote them: what does not apply is not there. */
interface Body {
  readonly action: string;
  readonly outcome: string;
  readonly actor: string;
  readonly caller?: string;
  readonly key_id?: string;
  readonly provider?: string;
  readonly connection?: string;
  readonly generation?: number;
  readonly request_id?: string;
  readonly client_ip?: string;
  readonly upstream_status?: number;
  readonly reason?: string;
  readonly duration_ms?: number;
  readonly token_fingerprint?: string;
  readonly token_expires_at?: string;
  readonly fields?: readonly string[];
  readonly count?: number;
  readonly device?: string;
}

/** What the text of a row says, but for its place. */
export function parseBody(text: string): Omit<RecordedEvent, 'stream' | 'seq' | 'at'> {
  const body = JSON.parse(text) as Body;
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
