import { expect } from '@jest/globals';
import type { TestBroker } from './broker.js';
import { eventually } from './eventually.js';

/** One line of the log as `GET /audit/events` shows it. */
export interface AuditLine {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly type: string; readonly caller: string | null; readonly key_id: string | null };
  readonly provider: string | null;
  readonly connection: string | null;
  readonly generation: number | null;
  readonly request_id: string | null;
  readonly client_ip: string | null;
  readonly upstream_status: number | null;
  readonly reason: string | null;
  readonly duration_ms: number | null;
  readonly token_fingerprint: string | null;
  readonly token_expires_at: string | null;
  readonly fields: readonly string[];
  readonly count: number;
  readonly device: string;
}

/** A page of the log. */
export interface AuditPage {
  readonly items: readonly AuditLine[];
  readonly next_cursor: string | null;
}

/** A page of events, newest first, as the administrator reads it. */
export async function auditPage(broker: TestBroker, query = ''): Promise<AuditPage> {
  const { status, body, text } = await broker.as().get(`/audit/events${query}`);
  if (status !== 200) {
    throw new Error(`The log cannot be read: ${status} ${text}`);
  }
  return body as AuditPage;
}

/** All events that meet the query, newest first. */
export async function auditEvents(broker: TestBroker, query = ''): Promise<AuditLine[]> {
  const events: AuditLine[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: AuditPage = await auditPage(broker, `?limit=1000${query === '' ? '' : `&${query}`}${more}`);
    events.push(...page.items);
    cursor = page.next_cursor;
  }
  return events;
}

/** What every event has; a test overrides what it expects otherwise. */
export const EVENT = {
  id: expect.stringMatching(/^\d+-\d+$/),
  at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  provider: null,
  connection: null,
  generation: null,
  client_ip: '127.0.0.1',
  upstream_status: null,
  reason: null,
  duration_ms: null,
  token_fingerprint: null,
  token_expires_at: null,
  fields: [],
  count: 1,
  device: 'database',
};

/** The actor of what was done with this key. */
export const actorOf = (key: string, caller: string) => ({ type: 'caller', caller, key_id: key.split('_')[1] });

/** The events of a request, once there are `count`: what became of its refresh is recorded beside the answer. */
export const eventsOf = (broker: TestBroker, requestId: string, count: number): Promise<AuditLine[]> =>
  eventually(async () => {
    const events = await auditEvents(broker, `request_id=${requestId}`);
    if (events.length < count) {
      throw new Error(`Only ${events.length} of ${count} events of ${requestId} are in the log.`);
    }
    return events;
  });
