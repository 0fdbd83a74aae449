import type { Caller } from '@app/callers';
import { atMost, BrokerError, isBrokerError } from '@app/common';
import { LRUCache } from 'lru-cache';
import { rateLimited } from './limits.metrics.js';
import type { RefusedRequests } from './refused-requests.js';
import { sourceOf } from './source.js';
import { type Rate, TokenBucket } from './token-bucket.js';

/** Requests without a valid key that an address may send: a hundred at once, then ten a second. */
export const SOURCE_RATE: Rate = { perSecond: 10, burst: 100 };
/** The same as RateLimit-Policy states it: the quota `q`, and the seconds `w` in which it comes back. */
const SOURCE_POLICY = `"source";q=${SOURCE_RATE.burst};w=${SOURCE_RATE.burst / SOURCE_RATE.perSecond}`;

/** Buckets and proved keys that are remembered; beyond, the one that was not used for longest is forgotten. */
const MOST_REMEMBERED = 10_000;
const KEY_ID = /^Bearer +clv_([a-z0-9]{12})_/i;

/** What the limits know of a request; `caller` once it is authenticated. */
export interface LimitedRequest {
  readonly ip: string;
  readonly headers: { readonly authorization?: string | undefined };
  readonly caller?: Caller;
}

/** Where they say what is left. */
export interface LimitedReply {
  header(name: string, value: string): unknown;
}

/**
 * What a caller may ask, and what an address may ask that shows no valid key (ADR 39). Only requests that fail to authenticate
 * cost their address anything; and once it has nothing left, keys that have proved themselves here are still let through, so
 * that callers behind the same proxy or NAT are not locked out by whoever guesses there.
 */
export class RequestLimits {
  readonly #callers = new LRUCache<string, TokenBucket>(atMost(MOST_REMEMBERED));
  readonly #sources = new LRUCache<string, TokenBucket>(atMost(MOST_REMEMBERED));
  readonly #proved = new LRUCache<string, true>(atMost(MOST_REMEMBERED));
  readonly #callerRate: Rate | undefined;
  readonly #callerPolicy: string;

  /** `perSecond`: requests a second and caller; undefined for no limits at all. */
  constructor(
    perSecond: number | undefined,
    private readonly refused: Pick<RefusedRequests, 'add'>,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#callerRate = perSecond === undefined ? undefined : { perSecond, burst: perSecond };
    this.#callerPolicy = `"caller";q=${perSecond};w=1`;
  }

  /**
   * Has `authenticate` prove who asks, and takes one of the caller's requests. @throws BrokerError `rate_limited`, and whatever
   * `authenticate` throws.
   */
  async admit(request: LimitedRequest, reply: LimitedReply, authenticate: () => Promise<void>): Promise<void> {
    if (this.#callerRate === undefined) {
      return authenticate();
    }
    const keyId = KEY_ID.exec(request.headers.authorization ?? '')?.[1] ?? '';
    await (this.#proved.get(keyId) === true
      ? this.#authenticateProved(request, reply, authenticate)
      : this.#authenticateUnproved(request, reply, authenticate));
    const { caller } = request;
    if (caller !== undefined) {
      this.#proved.set(caller.keyId, true);
      this.#takeOfCaller(caller, this.#callerRate, reply);
    }
  }

  /** Takes one request of a caller whose key has proved itself, as `admit` does. False, and nothing is taken, where none is left. */
  take({ name }: Caller, reply: LimitedReply): boolean {
    if (this.#callerRate === undefined) {
      return true;
    }
    const now = this.now();
    const bucket = bucketOf(this.#callers, name, this.#callerRate, now);
    const taken = bucket.take(now);
    if (taken) {
      reply.header('ratelimit-policy', this.#callerPolicy);
      reply.header('ratelimit', `"caller";r=${bucket.remaining}`);
    }
    return taken;
  }

  /** The token is taken in advance, so that however slow authentication is an address has no more than its burst of it under way. */
  async #authenticateUnproved(
    { ip }: LimitedRequest,
    reply: LimitedReply,
    authenticate: () => Promise<void>,
  ): Promise<void> {
    const deposit = this.#takeOfSource(ip, reply);
    try {
      await authenticate();
      deposit.giveBack();
    } catch (error) {
      if (!isBrokerError(error, 'unauthenticated')) {
        deposit.giveBack();
      }
      throw error;
    }
  }

  /** A key that was good before and is not any more costs as much as one that never was, and gets the same answer. */
  async #authenticateProved(
    { ip }: LimitedRequest,
    reply: LimitedReply,
    authenticate: () => Promise<void>,
  ): Promise<void> {
    try {
      await authenticate();
    } catch (error) {
      if (isBrokerError(error, 'unauthenticated')) {
        this.#takeOfSource(ip, reply);
      }
      throw error;
    }
  }

  #takeOfCaller(caller: Caller, rate: Rate, reply: LimitedReply): void {
    if (this.take(caller, reply)) {
      return;
    }
    const { name, keyId } = caller;
    this.refused.add({ limit: 'caller', caller: name, keyId });
    reply.header('ratelimit-policy', this.#callerPolicy);
    const bucket = bucketOf(this.#callers, name, rate, this.now());
    const detail = `The caller ${name} asks more than ${rate.perSecond} times a second: wait, and ask less often. A token can be used until it expires.`;
    throw refusal('caller', bucket, reply, detail);
  }

  #takeOfSource(ip: string, reply: LimitedReply): TokenBucket {
    const now = this.now();
    const source = sourceOf(ip);
    const bucket = bucketOf(this.#sources, source, SOURCE_RATE, now);
    if (bucket.take(now)) {
      return bucket;
    }
    this.refused.add({ limit: 'source', clientIp: source });
    reply.header('ratelimit-policy', SOURCE_POLICY);
    const detail = 'Too many requests without a valid API key came from this address: wait, and check the key.';
    throw refusal('source', bucket, reply, detail);
  }
}

function bucketOf(buckets: LRUCache<string, TokenBucket>, name: string, rate: Rate, now: number): TokenBucket {
  const known = buckets.get(name);
  if (known !== undefined) {
    return known;
  }
  const bucket = new TokenBucket(rate, now);
  buckets.set(name, bucket);
  return bucket;
}

function refusal(limit: 'caller' | 'source', bucket: TokenBucket, reply: LimitedReply, detail: string): BrokerError {
  rateLimited.inc({ limit });
  const retryAfter = bucket.secondsToNext;
  reply.header('ratelimit', `"${limit}";r=0;t=${retryAfter}`);
  return new BrokerError('rate_limited', detail, { retryAfter });
}
