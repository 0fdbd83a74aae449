import { Inject, Injectable } from '@nestjs/common';
import { type AuditEvent, AuditLog, type AuditOrigin } from '@app/audit';
import { BrokerError, Clock, isBrokerError } from '@app/common';
import { type Caller, covers } from '@app/callers';
import type { Connection } from '@app/connections';
import { answers, holdsLiveToken, warningsOf, type WithToken } from './freshness.js';
import { HeldConnections } from './held.connections.js';
import { blockedError, notFound, pendingError } from './refusal.js';
import { Refresher } from './refresher.js';
import type { IssuedToken, TokenRequest } from './token-request.js';
import { cacheLookups, tokensIssued, tokensRefused } from './tokens.metrics.js';
import { Usage } from './usage.js';

/** A connection whose token answers the request, and where it came from. */
interface Obtained {
  readonly connection: WithToken;
  readonly source: 'cache' | 'refresh';
}

/** Hands out tokens: only what the caller's rules cover, only what lives long enough, and only once it is recorded. */
@Injectable()
export class TokenService {
  constructor(
    private readonly held: HeldConnections,
    private readonly refresher: Refresher,
    private readonly usage: Usage,
    private readonly audit: AuditLog,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * A token of the connection that lives at least as long as asked for. Its audit row is committed before this resolves.
   * @throws BrokerError for every case of http.md; each refusal is recorded too.
   */
  async issue(caller: Caller, request: TokenRequest, origin: AuditOrigin): Promise<IssuedToken> {
    let obtained: Obtained;
    try {
      obtained = await this.#obtain(caller, request, origin);
    } catch (error) {
      throw await this.#recordRefusal(error, request, origin);
    }
    this.usage.note(obtained.connection);
    await this.audit.append(issuedEvent(obtained, origin));
    tokensIssued.inc({ provider: request.provider, source: obtained.source });
    return this.#toIssued(obtained, request);
  }

  async #obtain(caller: Caller, request: TokenRequest, origin: AuditOrigin): Promise<Obtained> {
    if (!covers(caller, request)) {
      await this.held.lookUpInVain(request);
      throw notFound(request);
    }
    const cached = this.held.findCached(request);
    if (
      cached !== undefined &&
      isNewer(cached, request) &&
      isUsable(cached) &&
      answers(cached, request, this.clock.now())
    ) {
      cacheLookups.inc({ result: 'hit' });
      return { connection: cached, source: 'cache' };
    }
    cacheLookups.inc({ result: 'miss' });
    const held = await this.held.load(request);
    const paused = isUsable(held) ? undefined : blockedError(held, this.clock.now(), false);
    if (paused !== undefined) {
      throw paused;
    }
    if (answers(held, request, this.clock.now())) {
      return { connection: held, source: 'cache' };
    }
    return this.#refreshed(held, request, origin);
  }

  /** A newer token; or the old one while it lives, where no newer one is to be had and the caller did not report it as refused. */
  async #refreshed(held: Connection, request: TokenRequest, origin: AuditOrigin): Promise<Obtained> {
    const reported = request.rejectedGeneration === held.generation;
    try {
      const trigger = reported ? 'report' : 'caller';
      const connection = await this.held.hold(() => this.refresher.refreshForCaller(held, { trigger, origin }));
      if (holdsLiveToken(connection, this.clock.now())) {
        return { connection, source: 'refresh' };
      }
      throw pendingError(request);
    } catch (error) {
      if (reported || !isBrokerError(error) || error.code === 'not_found') {
        throw error;
      }
      const latest = await this.held.load(request);
      if (isUsable(latest) && latest.generation >= held.generation && holdsLiveToken(latest, this.clock.now())) {
        return { connection: latest, source: 'cache' };
      }
      throw error;
    }
  }

  /** Returns what the caller is told: the refusal itself, or that it could not be recorded. */
  async #recordRefusal(thrown: unknown, request: TokenRequest, origin: AuditOrigin): Promise<unknown> {
    const refusal = thrown instanceof BrokerError ? thrown : undefined;
    tokensRefused.inc({ code: refusal?.code ?? 'internal_error' });
    const recorded = this.audit.append(refusedEvent(refusal, request, origin)).then(
      () => thrown,
      (unrecorded: unknown) => (refusal?.code === 'storage_unavailable' ? thrown : unrecorded),
    );
    // Who has waited for the log once need not wait again. Should it work by now, the refusal is recorded all the same.
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
      source,
      extra: token.extra,
      warnings: warningsOf(held, request, now),
    };
  }
}

/** An operator's pause holds even while the token lives; every other trouble leaves a live token good. */
const isUsable = ({ state }: Connection): boolean => state !== 'paused';

/** What is held here may be older than what was reported, where another replica renewed it a moment ago: it is read again. */
const isNewer = ({ generation }: Connection, { rejectedGeneration }: TokenRequest): boolean =>
  rejectedGeneration === undefined || generation > rejectedGeneration;

const issuedEvent = ({ connection: held, source }: Obtained, origin: AuditOrigin): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  provider: held.provider,
  connection: held.connection,
  generation: held.generation,
  reason: source,
  tokenFingerprint: held.token.fingerprint,
  tokenExpiresAt: held.token.expiresAt,
  ...origin,
});

const refusedEvent = (refusal: BrokerError | undefined, request: TokenRequest, origin: AuditOrigin): AuditEvent => ({
  action: 'token.refused',
  outcome: 'refused',
  provider: request.provider,
  connection: request.connection,
  reason: refusal?.code ?? 'internal_error',
  upstreamStatus: refusal?.facts.upstream?.status ?? null,
  ...origin,
});
