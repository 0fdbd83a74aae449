import type { OutboundAnswer } from '../outbound/exchange.js';
import type { FailureReason } from '../outcome.js';
import type { ExpiryForms } from './expiry.js';
import type { JsonObject } from './json.js';

/** What an answer that only its provider can tell for a failure says: our reason, or the HTTP status that it means. */
export type Refusal =
  { readonly reason: FailureReason; readonly parameter?: string } | { readonly meantStatus: number };

/** What answers of a status, of an error code or of both mean. */
export interface Meaning {
  /** Any where there is none. */
  readonly status?: number;
  /** Any, also none, where there is none. */
  readonly code?: string;
  readonly reason: FailureReason;
}

/** How a provider's answers to one step are read; paths are dotted (`data.accessToken`). */
export interface Reading extends ExpiryForms {
  readonly accessToken: string;
  /** Seconds, unless `expiresInUnit` says otherwise. */
  readonly expiresIn?: string;
  /** Epoch seconds, unless `expiresAtFormat` says otherwise. */
  readonly expiresAt?: string;
  /** Lifetime of the credential that is replaced, in the unit of `expiresIn`. */
  readonly credentialExpiresIn?: string;
  /** The fields of the credential that an answer may replace, each with its path. */
  readonly credential?: Readonly<Record<string, string>>;
  /** What else is issued with the token, each with its path. */
  readonly extra?: Readonly<Record<string, string>>;
  /** Whether text before the first `{` is cut off. */
  readonly prefixed?: boolean;
  /** Whether an answer may be form-encoded instead of JSON. */
  readonly formEncoded?: boolean;
  /** The statuses of a success; any from 200 to 299 where there is none. */
  readonly successStatuses?: readonly number[];
  /** What must stand in the body of a success. */
  readonly successWhen?: { readonly path: string; readonly equals: string | number | boolean };
  /** Where an error code stands. */
  readonly error?: string;
  /** What failures mean, before anything else is asked; the first that fits counts. */
  readonly meanings?: readonly Meaning[];
  /** What error codes mean where neither `meanings` nor a status that speaks for itself (429) tells. */
  readonly codes?: Readonly<Record<string, FailureReason>>;
  /** What statuses mean where it is not what they usually mean. */
  readonly reasons?: Readonly<Record<number, FailureReason>>;
  /** Error codes and statuses by which a provider may refuse one account with the words for a client. */
  readonly individual?: ReadonlySet<string | number>;
  /** Asked before the status is looked at; undefined where the answer is as usual. */
  readonly refusal?: (answer: OutboundAnswer, json: JsonObject | undefined) => Refusal | undefined;
}
