import type { OutboundAnswer } from '../outbound/exchange.js';
import type { FailureReason } from '../outcome.js';
import type { JsonObject } from './json.js';

/** What an answer that only its provider can tell for a failure says: our reason, or the HTTP status that it means. */
export type Refusal =
  { readonly reason: FailureReason; readonly parameter?: string } | { readonly meantStatus: number };

/** How a provider's answers to one step are read; paths are dotted (`data.accessToken`). */
export interface Reading {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn?: string;
  /** Epoch seconds. */
  readonly expiresAt?: string;
  /** The fields of the credential that an answer may replace, each with its path. */
  readonly credential?: Readonly<Record<string, string>>;
  /** What else is issued with the token, each with its path. */
  readonly extra?: Readonly<Record<string, string>>;
  /** Whether text before the first `{` is cut off. */
  readonly prefixed?: boolean;
  /** What statuses mean where it is not what they usually mean. */
  readonly reasons?: Readonly<Record<number, FailureReason>>;
  /** Asked before the status is looked at; undefined where the answer is as usual. */
  readonly refusal?: (answer: OutboundAnswer, json: JsonObject | undefined) => Refusal | undefined;
}
