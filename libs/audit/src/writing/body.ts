import { oneLine } from '@app/common';
import type { AuditDevice } from './audit.store.js';
import type { AuditRow } from './row.js';

/** What stands in JSON otherwise than as itself, or might. */
const NOT_PLAIN = /[^ !#-[\]-~]/;

/**
 * The text of a row, which is what is hashed, stored and exported: JSON in one line, fields in this order, none that is null,
 * and no character that a terminal or a viewer would act upon.
 * `id` is stream and number, `time` RFC 3339 in UTC. docs/audit.md describes every field.
 *
 * Written out, as an object for `JSON.stringify` would cost four times as much; the text is the same.
 */
export const bodyOf = (id: string, time: string, row: AuditRow, device: AuditDevice): string =>
  `{"id":"${id}","at":"${time}","action":${quoted(row.action)},"outcome":${quoted(row.outcome)},"actor":${quoted(row.actor)}` +
  text('caller', row.caller) +
  text('key_id', row.keyId) +
  text('provider', row.provider) +
  text('connection', row.connection) +
  number('generation', row.generation) +
  text('request_id', row.requestId) +
  text('client_ip', row.clientIp) +
  number('upstream_status', row.upstreamStatus) +
  text('reason', row.reason) +
  number('duration_ms', row.durationMs) +
  text('token_fingerprint', row.tokenFingerprint) +
  text('token_expires_at', row.tokenExpiresAt) +
  (row.fields.length === 0 ? '' : `,"fields":[${row.fields.map(quoted).join(',')}]`) +
  number('count', row.count === 1 ? null : row.count) +
  text('device', device === 'database' ? null : device) +
  '}';

const text = (name: string, value: string | null): string => (value === null ? '' : `,"${name}":${quoted(value)}`);

const number = (name: string, value: number | null): string => (value === null ? '' : `,"${name}":${value}`);

const quoted = (value: string): string => (NOT_PLAIN.test(value) ? oneLine(JSON.stringify(value)) : `"${value}"`);
