import type { AuditActor, AuditEvent } from '@app/audit';
import { errorFacts, type Log } from '@app/common';

/** Whose limit ran out: a caller that was authenticated, or an address that was not. */
export type Refused =
  | { readonly limit: 'caller'; readonly caller: string; readonly keyId: string }
  | { readonly limit: 'source'; readonly clientIp: string };

interface Count {
  readonly actor: AuditActor;
  readonly clientIp: string | null;
  readonly limit: Refused['limit'];
  count: number;
}

const MOST_NAMES = 256;

/**
 * Counts requests that a rate limit refused, and records them as one row a caller (or address) and flush with their exact number: a
 * flood fills neither the disk nor the memory. Beyond 256 of them those of one limit share a row without a name. None is lost.
 */
export class RefusedRequests {
  readonly #counts = new Map<string, Count>();

  constructor(
    private readonly audit: { appendAll(events: readonly AuditEvent[]): Promise<unknown> },
    private readonly log: Log,
  ) {}

  /** Counts one. */
  add(refused: Refused): void {
    const counted = this.#counts.get(nameOf(refused));
    if (counted !== undefined) {
      counted.count += 1;
      return;
    }
    this.#add(this.#counts.size < MOST_NAMES ? nameOf(refused) : refused.limit, countOf(refused), 1);
  }

  /** Writes what was counted since the last time. Never rejects: what cannot be written stays counted. */
  async flush(): Promise<void> {
    const counted = [...this.#counts];
    if (counted.length === 0) {
      return;
    }
    this.#counts.clear();
    const count = counted.reduce((sum, [, one]) => sum + one.count, 0);
    this.log.warn('Requests were refused: more came than the rate limits allow.', { count });
    try {
      await this.audit.appendAll(counted.map(([, one]) => eventOf(one)));
    } catch (error) {
      counted.forEach(([name, one]) => this.#add(name, one, one.count));
      this.log.warn('Requests refused by a rate limit could not be recorded yet.', { count, ...errorFacts(error) });
    }
  }

  #add(name: string, like: Omit<Count, 'count'>, count: number): void {
    const counted = this.#counts.get(name);
    if (counted !== undefined) {
      counted.count += count;
      return;
    }
    const isShared = name === like.limit;
    this.#counts.set(
      name,
      isShared ? { actor: ANONYMOUS, clientIp: null, limit: like.limit, count } : { ...like, count },
    );
  }
}

const ANONYMOUS = { type: 'anonymous' } as const;

const nameOf = (refused: Refused): string =>
  refused.limit === 'caller' ? `${refused.caller}/${refused.keyId}` : `@${refused.clientIp}`;

const countOf = (refused: Refused): Omit<Count, 'count'> =>
  refused.limit === 'caller'
    ? { actor: { type: 'caller', caller: refused.caller, keyId: refused.keyId }, clientIp: null, limit: 'caller' }
    : { actor: ANONYMOUS, clientIp: refused.clientIp, limit: 'source' };

const eventOf = ({ actor, clientIp, limit, count }: Count): AuditEvent => ({
  action: 'request.rate_limited',
  outcome: 'refused',
  actor,
  clientIp,
  reason: limit,
  count,
});
