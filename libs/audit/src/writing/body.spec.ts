import { oneLine } from '@app/common';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { AUDIT_ACTIONS, AUDIT_OUTCOMES, type AuditActor, type AuditEvent } from '../event.js';
import type { AuditDevice } from './audit.store.js';
import { bodyOf } from './body.js';
import { type AuditRow, toRow } from './row.js';

/** What the text is by its definition. */
const defined = (id: string, time: string, row: AuditRow, device: AuditDevice): string =>
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

/** Text as it may come over HTTP and worse: every code unit, and often what means something in JSON or on a screen. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom('"', '\\', '\n', '\0', '\u001b', '\u007f', '\u2028', '\ud83d', '\ude00', 'é', 'a'), {
      maxLength: 12,
    })
    .map((parts) => parts.join('')),
  fc.constantFrom('', 'klavi', 'x'.repeat(511), '漢'.repeat(600), '😀'.repeat(300)),
);
const absent = fc.constantFrom(null, undefined);
const maybeText = fc.oneof(text, absent);
const maybeNumber = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -0, 1, 2_147_483_647), absent);

const actor: fc.Arbitrary<AuditActor> = fc.oneof(
  fc.record({ type: fc.constant('caller' as const), caller: text, keyId: text }),
  fc.constantFrom<AuditActor>({ type: 'system' }, { type: 'anonymous' }),
);

const event: fc.Arbitrary<AuditEvent> = fc.record(
  {
    action: fc.constantFrom(...AUDIT_ACTIONS),
    outcome: fc.constantFrom(...AUDIT_OUTCOMES),
    actor,
    provider: maybeText,
    connection: maybeText,
    generation: maybeNumber,
    requestId: maybeText,
    clientIp: maybeText,
    upstreamStatus: maybeNumber,
    reason: maybeText,
    durationMs: maybeNumber,
    tokenFingerprint: maybeText,
    tokenExpiresAt: maybeNumber,
    fields: fc.array(text, { maxLength: 4 }),
    count: fc.integer(),
  },
  { requiredKeys: ['action', 'outcome', 'actor'] },
);

describe(bodyOf.name, () => {
  it('should be what JSON.stringify and oneLine make of the row, to the byte', () => {
    const device = fc.constantFrom<AuditDevice>('database', 'local');
    fc.assert(
      fc.property(event, device, (given, where) => {
        const row = toRow(given);
        const place = ['7-42', '2026-11-29T00:00:00.000Z'] as const;
        expect(bodyOf(...place, row, where)).toBe(defined(...place, row, where));
      }),
      { numRuns: 2000 },
    );
  });
});
