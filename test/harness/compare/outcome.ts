import type { GrantRecord, UpstreamKind } from '../upstream/index.js';

/** What became of one cell, told from the provider's record. */
export interface Outcome {
  readonly contender: string;
  readonly fault: string;
  readonly kind: UpstreamKind;
  /** Requests with the first refresh token, while the old access token had life left. */
  readonly sends: number;
  /** Consumed refresh tokens that came again, each of which revoked the grant, in that time. */
  readonly reuses: number;
  /** Whether the old access token was still accepted at the end of that time. */
  readonly oldTokenAlive: boolean;
  /** Whether callers had a new access token by then. */
  readonly renewed: boolean;
  /** Whether what was kept brought a new token once the old one had ended. */
  readonly kept: boolean;
  /** Whether the provider consumed the token and its answer could reach nobody. */
  readonly unavoidable: boolean;
  /** The same two numbers for the time after the old token's end. */
  readonly sendsAtEnd: number;
  readonly reusesAtEnd: number;
  readonly asked: number;
  readonly answered: number;
  /** Why the cell could not be played; then nothing else of it counts. */
  readonly broken?: string;
}

/** How many requests of this refresh token came to the provider's door. */
export const sendsOf = ({ requests }: GrantRecord, token: string): number =>
  requests.filter((request) => request.endpoint === 'token' && request.token === token).length;

/**
 * Whether the provider's record bears out that the answer was out of reach: the request that came first was decided, and what it
 * was answered did not go out whole.
 */
export function answerNeverArrived({ requests }: GrantRecord, token: string): boolean {
  const first = requests.find((request) => request.endpoint === 'token' && request.token === token);
  return first !== undefined && first.reachedAt !== null && first.delivered !== true;
}
