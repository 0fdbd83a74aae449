import { describe, expect, it } from '@jest/globals';
import { AuditKnowledge, type ExportedEvent, JoinedKnowledge } from './audit-knowledge.js';
import type { Candidate } from './knowledge.js';

const STORED_AT = Date.parse('2026-11-20T10:00:00Z');

const candidate: Candidate = {
  id: 'c-1',
  provider: 'xero',
  connection: 'acme',
  state: 'uncertain',
  stateReason: 'database_restored',
  generation: 9,
  credentialStoredAt: STORED_AT,
};

const newEvent = (overrides: Partial<ExportedEvent> = {}): ExportedEvent => ({
  action: 'refresh.started',
  outcome: 'started',
  at: '2026-11-21T10:00:00Z',
  provider: 'xero',
  connection: 'acme',
  generation: 9,
  reason: 'schedule_refresh',
  ...overrides,
});
const failed = (outcome: string, overrides: Partial<ExportedEvent> = {}): ExportedEvent =>
  newEvent({ action: 'refresh.failed', outcome, reason: null, ...overrides });
const succeeded = newEvent({ action: 'refresh.succeeded', outcome: 'ok', reason: null });
const asked = newEvent({ reason: 'schedule_introspect' });

function knownOf(...events: readonly ExportedEvent[]) {
  const sut = new AuditKnowledge([candidate]);
  events.forEach((event) => sut.add(event));
  const { sent, usedUpTo } = sut.of(candidate);
  return { sent: sent?.generation, usedUpTo };
}

describe(AuditKnowledge.name, () => {
  it.each<[string, readonly ExportedEvent[], object]>([
    ['nothing', [], {}],
    ['an attempt without an outcome', [newEvent()], { sent: 9 }],
    ['one whose outcome is not known', [newEvent(), failed('unknown')], { sent: 9 }],
    ['one that was not sent', [newEvent(), failed('not_sent')], {}],
    ['one that the provider refused us', [newEvent(), failed('misconfigured')], {}],
    ['two, of which one was not sent', [newEvent(), newEvent(), failed('not_sent')], { sent: 9 }],
    ['one that succeeded', [newEvent(), succeeded], { usedUpTo: 9 }],
    ['one that was rejected', [newEvent(), failed('rejected')], { usedUpTo: 9 }],
    ['a question', [asked], {}],
    ['a question that was answered', [asked, { ...succeeded, reason: 'unused' }], {}],
    [
      'an attempt, and a question that was not sent',
      [newEvent(), asked, failed('unknown'), failed('not_sent')],
      { sent: 9 },
    ],
    ['an earlier generation', [newEvent({ generation: 8 }), { ...succeeded, generation: 8 }], {}],
    ['a later generation', [succeeded, newEvent({ generation: 11 })], { usedUpTo: 9, sent: 11 }],
    ['another connection', [newEvent({ connection: 'other' })], {}],
    ['what is no attempt', [newEvent({ action: 'token.issued', outcome: 'ok' })], {}],
    ['what came before the credential was stored', [newEvent({ at: '2026-11-20T09:00:00Z' })], {}],
  ])('should judge %s', (_, events, expected) => {
    expect(knownOf(...events)).toEqual({ sent: undefined, usedUpTo: undefined, ...expected });
  });
});

describe(JoinedKnowledge.name, () => {
  it('should let the newest knowledge win', () => {
    const sut = new JoinedKnowledge([
      { of: () => ({ sent: { attempt: 'a', generation: 9, sentAt: 1 }, usedUpTo: 11 }) },
      { of: () => ({ sent: { attempt: 'b', generation: 10, sentAt: 2 }, usedUpTo: 8 }) },
      { of: () => ({}) },
    ]);
    expect(sut.of(candidate)).toEqual({
      answer: undefined,
      sent: { attempt: 'b', generation: 10, sentAt: 2 },
      usedUpTo: 11,
    });
  });
});
