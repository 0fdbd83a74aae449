import type { AttemptRow } from '../../brokers/index.js';
import type { GrantRecord, RequestRecord } from '../../upstream/index.js';
import type { Case, RefreshEvent } from '../evidence.js';
import type { Life } from '../life.js';

/** When the first request of a case is read; epoch ms. */
export const START = 1_000_000;

/** A refresh that was read at START, consumed `first`, and brought `second`, which arrived. */
export const newRequest = (overrides: Partial<RequestRecord> = {}): RequestRecord => ({
  id: 1,
  endpoint: 'token',
  clientId: 'client',
  token: 'first',
  at: START,
  fault: null,
  onConnection: 1,
  reachedAt: START,
  outcome: 'ok',
  consumed: true,
  issued: 'second',
  status: 200,
  answeredAt: START + 2,
  delivered: true,
  closedAt: START + 4,
  ...overrides,
});

/** An attempt of the process `one`, opened and marked as sent just before START. */
export const newAttempt = (overrides: Partial<AttemptRow> = {}): AttemptRow => ({
  id: 'attempt',
  generation: 1,
  step: 'refresh',
  trigger: 'schedule',
  holder: 'one',
  opened_at: new Date(START - 20),
  sent_at: new Date(START - 1),
  closed_at: new Date(START + 20),
  outcome: 'ok',
  reason: null,
  recorded: true,
  ...overrides,
});

/** The process `one`, which lives on. */
export const newLife = (overrides: Partial<Life> = {}): Life => ({
  replica: 1,
  id: 'one',
  startedAt: 0,
  killedAt: null,
  freezes: [],
  ...overrides,
});

/** The intent of a scheduled refresh, recorded just before START. */
export const newIntent = (overrides: Partial<RefreshEvent> = {}): RefreshEvent => ({
  connection: 'account',
  action: 'refresh.started',
  outcome: 'started',
  reason: 'schedule_refresh',
  generation: 1,
  at: new Date(START - 10),
  ...overrides,
});

/** An account of a strict provider that cannot be renewed any more, with one attempt. */
export function newCase(
  requests: readonly RequestRecord[],
  {
    kind = 'strict',
    ...overrides
  }: Partial<Pick<Case, 'attempts' | 'events' | 'spooled'>> & Partial<Pick<GrantRecord, 'kind'>> = {},
): Case {
  const record = { kind, requests, reuses: [], grantId: 'grant' } as unknown as GrantRecord;
  return {
    account: { name: 'account', kind } as Case['account'],
    row: {} as Case['row'],
    attempts: [newAttempt()],
    events: [newIntent()],
    spooled: new Set(),
    renewed: false,
    ...overrides,
    record,
  };
}
