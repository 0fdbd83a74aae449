import { Inject, Injectable } from '@nestjs/common';
import type { AuditOrigin } from '@app/audit';
import { Clock, type ConnectionName, type ErrorCode, isBrokerError } from '@app/common';
import { type Connection, ConnectionsRepository, noSuchConnection } from '@app/connections';
import { blockedError } from './refusal.js';
import { Refresher } from './refresher.js';

/** What an attempt that failed at the provider is answered with; anything else means that there was no attempt. */
const FAILED: ReadonlySet<ErrorCode> = new Set([
  'reauthorization_required',
  'connection_misconfigured',
  'provider_error',
  'provider_unavailable',
]);

/** What an operator's refresh came to. */
export interface RefreshReport {
  readonly outcome: string;
  readonly reason: string | null;
  readonly upstreamStatus: number | null;
}

/** Refreshes now, for an operator who wants to see what happens. */
@Injectable()
export class RefreshService {
  constructor(
    private readonly connections: ConnectionsRepository,
    private readonly refresher: Refresher,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * One attempt, whatever back-off runs; its outcome is the answer, good or bad.
   * @throws BrokerError `not_found`; `connection_paused` and its like where the state forbids sending; `audit_unavailable`.
   */
  async refreshNow(name: ConnectionName, origin: AuditOrigin): Promise<RefreshReport> {
    const connection = await this.#require(name);
    const blocked = blockedError(connection, this.clock.now(), true);
    if (blocked !== undefined) {
      throw blocked;
    }
    try {
      return reportOf(await this.refresher.refresh(connection, { trigger: 'admin', origin }));
    } catch (error) {
      if (!isBrokerError(error) || !FAILED.has(error.code)) {
        throw error;
      }
      const { lastOutcome, lastTrouble } = await this.#require(name);
      return {
        // What was good was an earlier one: this one was not even sent, or nobody knows what became of it.
        outcome: lastOutcome === null || lastOutcome === 'ok' ? 'unknown' : lastOutcome,
        reason: lastTrouble?.reason ?? error.facts.upstream?.reason ?? null,
        upstreamStatus: lastTrouble?.status ?? null,
      };
    }
  }

  async #require(name: ConnectionName): Promise<Connection> {
    const connection = await this.connections.find(name);
    if (connection === undefined) {
      throw noSuchConnection(name);
    }
    return connection;
  }
}

/** A new generation is no success where only what came with a failure was stored: a spare, or a credential without a token. */
const reportOf = ({ lastOutcome, lastTrouble, lastStatus }: Connection): RefreshReport => ({
  outcome: lastOutcome ?? 'ok',
  reason: lastTrouble?.reason ?? null,
  upstreamStatus: lastStatus,
});
