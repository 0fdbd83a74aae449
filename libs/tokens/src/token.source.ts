import { Inject, Injectable } from '@nestjs/common';
import type { AuditOrigin } from '@app/audit';
import { type Caller, covers } from '@app/callers';
import { Clock, isBrokerError } from '@app/common';
import type { Connection } from '@app/connections';
import { answers, holdsLiveToken, type WithToken } from './freshness.js';
import { HeldConnections } from './held.connections.js';
import { blockedError, notFound, pendingError } from './refusal.js';
import { Refresher } from './refresher.js';
import type { TokenRequest } from './token-request.js';
import { cacheLookups } from './tokens.metrics.js';

/** A connection whose token answers the request, and where it came from. */
export interface Obtained {
  readonly connection: WithToken;
  readonly source: 'cache' | 'refresh';
}

/** Where a token comes from: memory, the database, or the provider, in this order. */
@Injectable()
export class TokenSource {
  constructor(
    private readonly held: HeldConnections,
    private readonly refresher: Refresher,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * A token that answers the request, if the caller's rules cover it; at once where it is in memory. Rejects with a BrokerError for
   * every case of http.md.
   */
  obtain(caller: Caller, request: TokenRequest, origin: AuditOrigin): Obtained | Promise<Obtained> {
    const now = this.clock.now();
    if (!covers(caller, request, { now, clientIp: origin.clientIp })) {
      return this.#lookUpInVain(request);
    }
    const cached = this.held.findCached(request);
    if (cached !== undefined && isNewer(cached, request) && isUsable(cached) && answers(cached, request, now)) {
      cacheLookups.inc('hit');
      return { connection: cached, source: 'cache' };
    }
    cacheLookups.inc('miss');
    return this.#read(request, origin);
  }

  async #lookUpInVain(request: TokenRequest): Promise<never> {
    await this.held.lookUpInVain(request);
    throw notFound(request);
  }

  async #read(request: TokenRequest, origin: AuditOrigin): Promise<Obtained> {
    const held = await this.#load(request);
    const paused = isUsable(held) ? undefined : blockedError(held, this.clock.now(), false);
    if (paused !== undefined) {
      throw paused;
    }
    if (answers(held, request, this.clock.now())) {
      return { connection: held, source: 'cache' };
    }
    return this.#refreshed(held, request, origin);
  }

  /** True where what was obtained is still what the connection holds, read anew. @throws BrokerError where it is gone or paused. */
  async stillHolds({ connection: held }: Obtained, request: TokenRequest): Promise<boolean> {
    const latest = await this.held.load(request);
    const paused = isUsable(latest) ? undefined : blockedError(latest, this.clock.now(), false);
    if (paused !== undefined) {
      throw paused;
    }
    return latest.id === held.id && latest.generation === held.generation;
  }

  /** As others read it at this moment; where that is from before what this caller reports, read for it alone. */
  async #load(request: TokenRequest): Promise<Connection> {
    const shared = await this.held.share(request);
    return shared.generation < (request.rejectedGeneration ?? 0) ? this.held.load(request) : shared;
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
      const latest = await this.#load(request);
      if (isUsable(latest) && latest.generation >= held.generation && holdsLiveToken(latest, this.clock.now())) {
        return { connection: latest, source: 'cache' };
      }
      throw error;
    }
  }
}

/** An operator's pause holds even while the token lives; every other trouble leaves a live token good. */
const isUsable = ({ state }: Connection): boolean => state !== 'paused';

/** What is held here may be older than what was reported, where another replica renewed it a moment ago: it is read again. */
const isNewer = ({ generation }: Connection, { rejectedGeneration }: TokenRequest): boolean =>
  rejectedGeneration === undefined || generation > rejectedGeneration;
