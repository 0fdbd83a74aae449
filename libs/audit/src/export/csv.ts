import { parseBody } from '../reading/parse-body.js';
import type { LogRow } from '../verification/log-source.js';

/** The fields of the view `audit_lines`, and the hash. */
const FIELDS = [
  'stream',
  'seq',
  'at',
  'action',
  'outcome',
  'actor',
  'caller',
  'key_id',
  'provider',
  'connection',
  'generation',
  'request_id',
  'client_ip',
  'upstream_status',
  'reason',
  'duration_ms',
  'token_fingerprint',
  'token_expires_at',
  'device',
  'fields',
  'count',
  'hash',
] as const;

const END_OF_LINE = '\r\n';
/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** The names of the fields, as the first line. */
export const CSV_HEADER = `${FIELDS.join(',')}${END_OF_LINE}`;

/** A row as one record of CSV (RFC 4180); what does not apply is empty. */
export function toRecord({ stream, seq, at, body, hash }: LogRow): string {
  const event = parseBody(body);
  const values = {
    stream,
    seq,
    at,
    action: event.action,
    outcome: event.outcome,
    actor: event.actor.type,
    caller: event.actor.caller,
    key_id: event.actor.keyId,
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
    device: event.device,
    fields: event.fields.join(' '),
    count: event.count,
    hash,
  } as const satisfies Record<(typeof FIELDS)[number], string | number | null>;
  return FIELDS.map((name) => cell(values[name])).join(',') + END_OF_LINE;
}

/** Numbers stay as they are. A text that a spreadsheet would run as a formula gets an apostrophe before it. */
function cell(value: string | number | null): string {
  if (value === null || typeof value === 'number') {
    return value === null ? '' : String(value);
  }
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
