import type { RecordedEvent } from '@app/audit';
import { describe, expect, it } from '@jest/globals';
import { toAuditEventDto } from './audit-event.dto.js';

const newEvent = (overrides: Partial<RecordedEvent> = {}): RecordedEvent => ({
  stream: '7',
  seq: '1042',
  at: new Date('2026-11-21T10:00:00.123Z'),
  action: 'replica.started',
  outcome: 'ok',
  actor: { type: 'system', caller: null, keyId: null },
  provider: null,
  connection: null,
  generation: null,
  requestId: null,
  clientIp: null,
  upstreamStatus: null,
  reason: null,
  durationMs: null,
  tokenFingerprint: null,
  tokenExpiresAt: null,
  fields: [],
  count: 1,
  device: 'database',
  ...overrides,
});

describe(toAuditEventDto.name, () => {
  it('should show what is absent as null', () => {
    expect(toAuditEventDto(newEvent())).toEqual({
      id: '7-1042',
      at: '2026-11-21T10:00:00.123Z',
      action: 'replica.started',
      outcome: 'ok',
      actor: { type: 'system', caller: null, key_id: null },
      provider: null,
      connection: null,
      generation: null,
      request_id: null,
      client_ip: null,
      upstream_status: null,
      reason: null,
      duration_ms: null,
      token_fingerprint: null,
      token_expires_at: null,
      fields: [],
      count: 1,
      device: 'database',
    });
  });

  it('should show every field', () => {
    const event = newEvent({
      actor: { type: 'caller', caller: 'billing', keyId: 'k1' },
      provider: 'klavi',
      connection: 'acme',
      generation: 41,
      requestId: 'r1',
      clientIp: '192.0.2.1',
      upstreamStatus: 401,
      reason: 'unauthorized',
      durationMs: 12,
      tokenFingerprint: 'abc',
      tokenExpiresAt: new Date('2026-11-21T10:30:00Z'),
      fields: ['settings.product'],
      count: 3,
    });
    expect(toAuditEventDto(event)).toMatchObject({
      actor: { type: 'caller', caller: 'billing', key_id: 'k1' },
      provider: 'klavi',
      connection: 'acme',
      generation: 41,
      request_id: 'r1',
      client_ip: '192.0.2.1',
      upstream_status: 401,
      reason: 'unauthorized',
      duration_ms: 12,
      token_fingerprint: 'abc',
      token_expires_at: '2026-11-21T10:30:00.000Z',
      fields: ['settings.product'],
      count: 3,
    });
  });
});
