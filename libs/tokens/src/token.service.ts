import { Inject, Injectable } from '@nestjs/common';
import { AuditLog, type AuditOrigin, type Receipt } from '@app/audit';
import { Authenticator, type Caller, covers } from '@app/callers';
import { BrokerError, Clock } from '@app/common';
import { warningsOf } from './freshness.js';
import { notFound, pendingError } from './refusal.js';
import { issuedEvent, refusedEvent, undeliveredEvent } from './token.events.js';
import type { IssuedToken, TokenRequest } from './token-request.js';
import { type Obtained, TokenSource } from './token.source.js';
import { tokensIssued, tokensRefused } from './tokens.metrics.js';
import { Usage } from './usage.js';

/** How often a connection may be replaced under one request before the caller is asked to come again. */
const MOST_TRIES = 3;

/** Hands out tokens: only what the caller's rules cover, only what lives long enough, and only once it is recorded. */
@Injectable()
export class TokenService {
  constructor(
    private readonly source: TokenSource,
    private readonly usage: Usage,
    private readonly audit: AuditLog,
    private readonly authenticator: Authenticator,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * A token of the connection that lives at least as long as asked for. Its audit row is committed before this resolves.
   * @throws BrokerError for every case of http.md; each refusal is recorded too.
   */
  async issue(caller: Caller, request: TokenRequest, origin: AuditOrigin): Promise<IssuedToken> {
    try {
      const obtained = await this.#release(caller, request, origin);
      tokensIssued.inc(request.provider, obtained.source);
      return this.#toIssued(obtained, request);
    } catch (error) {
      throw await this.#recordRefusal(error, request, origin);
    }
  }

  /** The caller went away before it had its answer: its row says more than happened, and this one says so. Never rejects. */
  async noteUndelivered(token: IssuedToken, origin: AuditOrigin): Promise<void> {
    await this.audit.append(undeliveredEvent(token, origin)).catch(() => undefined);
  }

  /** Obtains, records, and releases only what the commit of the row shows to be permitted still. */
  async #release(caller: Caller, request: TokenRequest, origin: AuditOrigin): Promise<Obtained> {
    let asker = caller;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const obtained = await this.source.obtain(asker, request, origin);
      this.usage.note(obtained.connection);
      const receipt = await this.audit.append(issuedEvent(obtained, origin));
      if (isUnchanged(receipt, asker)) {
        return obtained;
      }
      // Something administrative changed since the caller was authenticated: both are read anew, behind the commit.
      asker = await this.authenticator.confirm(asker);
      if (!covers(asker, request, { now: this.clock.now(), clientIp: origin.clientIp })) {
        throw notFound(request);
      }
      if (await this.source.stillHolds(obtained, request)) {
        return obtained;
      }
    }
    throw pendingError(request);
  }

  /** Returns what the caller is told: the refusal itself, or that it could not be recorded. */
  async #recordRefusal(thrown: unknown, request: TokenRequest, origin: AuditOrigin): Promise<unknown> {
    const refusal = thrown instanceof BrokerError ? thrown : undefined;
    tokensRefused.inc({ code: refusal?.code ?? 'internal_error' });
    // Who has waited for the log once need not wait again. Should it work by now, the refusal is recorded all the same.
    const recorded = this.audit.append(refusedEvent(refusal, request, origin)).then(
      () => thrown,
      (unrecorded: unknown) => (refusal?.code === 'storage_unavailable' ? thrown : unrecorded),
    );
    return refusal?.code === 'audit_unavailable' ? thrown : recorded;
  }

  #toIssued({ connection: held, source }: Obtained, request: TokenRequest): IssuedToken {
    const now = this.clock.now();
    const { token } = held;
    return {
      provider: held.provider,
      connection: held.connection,
      accessToken: token.accessToken.reveal(),
      tokenType: token.tokenType,
      expiresInSeconds: Math.max(0, Math.floor((token.expiresAt - now) / 1000)),
      expiresAt: token.expiresAt,
      issuedAt: token.issuedAt,
      generation: held.generation,
      fingerprint: token.fingerprint,
      source,
      extra: token.extra,
      warnings: warningsOf(held, request, now),
    };
  }
}

/**
 * True where no administrative change was committed between the reading of the caller and the commit of the row. Of a row on the
 * local device nobody can tell, as the database is away: what was remembered is all that there is (ADR 28).
 */
const isUnchanged = ({ mark, device }: Receipt, { asOf }: Caller): boolean =>
  device === 'local' || (mark !== undefined && mark === asOf);
