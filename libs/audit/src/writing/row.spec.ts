import { describe, expect, it } from '@jest/globals';
import type { AuditEvent } from '../event.js';
import { toRow } from './row.js';

const newEvent = (overrides: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'system' },
  ...overrides,
});

describe(toRow.name, () => {
  it('should leave absent values null and count one', () => {
    expect(toRow(newEvent())).toEqual({
      action: 'token.issued',
      outcome: 'ok',
      actor: 'system',
      caller: null,
      keyId: null,
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
    });
  });

  it('should name the caller and its key', () => {
    const row = toRow(newEvent({ actor: { type: 'caller', caller: 'billing', keyId: 'k1' } }));
    expect(row).toMatchObject({ actor: 'caller', caller: 'billing', keyId: 'k1' });
  });

  it.each([
    ['NUL', 'a\0b\0', 'a\uFFFDb\uFFFD'],
    ['a lone high surrogate', 'a\uD83D', 'a\uFFFD'],
    ['a lone low surrogate', '\uDE00a', '\uFFFDa'],
    ['surrogates in the wrong order', '\uDE00\uD83D', '\uFFFD\uFFFD'],
    ['a whole pair, which stays', '😀', '😀'],
    ['line breaks, which stay', 'a\r\nb', 'a\r\nb'],
  ])('should make %s acceptable to Postgres', (_what, given, kept) => {
    const row = toRow(newEvent({ reason: given, fields: [given] }));
    expect([row.reason, row.fields]).toEqual([kept, [kept]]);
  });

  it('should cut text to 512 characters', () => {
    const { reason } = toRow(newEvent({ reason: 'x'.repeat(1_000_000) }));
    expect(reason).toBe(`${'x'.repeat(511)}…`);
  });

  it('should leave text of 512 characters as it is', () => {
    expect(toRow(newEvent({ reason: 'x'.repeat(512) })).reason).toBe('x'.repeat(512));
  });

  it('should not cut through a pair of surrogates', () => {
    expect(toRow(newEvent({ reason: `${'x'.repeat(510)}😀😀` })).reason).toBe(`${'x'.repeat(510)}…`);
  });

  it('should cut names so that they fit into an index', () => {
    const long = '漢'.repeat(600);
    const row = toRow(
      newEvent({ provider: long, connection: long, actor: { type: 'caller', caller: long, keyId: long } }),
    );
    expect([row.provider, row.connection, row.caller, row.keyId].map((name) => name?.length)).toEqual([
      128, 128, 128, 128,
    ]);
  });

  it('should keep at most 100 field names', () => {
    expect(toRow(newEvent({ fields: Array.from({ length: 500 }, () => 'f') })).fields).toHaveLength(100);
  });

  it.each([
    [12.4, 12],
    [-12.6, -13],
    [1e12, 2_147_483_647],
    [Number.NEGATIVE_INFINITY, -2_147_483_647],
    [Number.NaN, null],
  ])('should turn the duration %p into %p', (given, kept) => {
    expect(toRow(newEvent({ durationMs: given })).durationMs).toBe(kept);
  });
});
