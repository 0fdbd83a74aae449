import { createHash } from 'node:crypto';
import type { Grant, Traits } from '@app/providers';

/** Taken off every lifetime for what clocks and networks cannot know. */
export const SAFETY_MS = 5000;
/** A token is renewed at least this long before it expires, where its lifetime allows it. */
const LEAST_LEAD_MS = 60_000;
const JITTER = 0.05;
/** However short a token lives, its provider is not asked more often than this. */
const SOONEST_MS = 1000;

/** How long a granted token is handed out, and when it is renewed. */
export interface Lifetime {
  /** Milliseconds from the commit of the adoption to the end. */
  readonly livesMs: number;
  readonly lifetimeSeconds: number;
  /** Milliseconds from the commit to its renewal. */
  readonly refreshInMs: number;
}

/**
 * The stated lifetime, less the time since our send, less five seconds (providers.md, "What holds for all"). `sinceSendMs` is
 * monotonic.
 */
export function lifetimeOf(grant: Grant, traits: Traits, connectionId: string, sinceSendMs: number): Lifetime {
  const lifetimeSeconds = Math.floor(grant.expiresInSeconds ?? traits.defaultTtlSeconds);
  const livesMs = Math.max(0, lifetimeSeconds * 1000 - sinceSendMs - SAFETY_MS);
  return { livesMs, lifetimeSeconds, refreshInMs: refreshIn(livesMs, traits.refreshAt, connectionId) };
}

/**
 * A fraction of the lifetime, moved by up to 5 % either way by a hash of the connection, so that connections made together are
 * not renewed together. Never less than a minute before the end, unless that is before half of the lifetime; never within a second.
 */
export function refreshIn(livesMs: number, fraction: number, connectionId: string): number {
  const jittered = livesMs * (fraction + JITTER * jitterOf(connectionId));
  return Math.max(SOONEST_MS, Math.min(jittered, Math.max(livesMs - LEAST_LEAD_MS, livesMs / 2)));
}

/** A number from −1 to 1 that is always the same for a connection. */
const jitterOf = (connectionId: string): number =>
  (createHash('sha256').update(connectionId).digest().readUInt32BE(0) / 0xff_ff_ff_ff) * 2 - 1;
