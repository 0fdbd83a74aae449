import type { Step } from '../contract/answers-file.js';

/** What every fault may say beside its kind. */
interface FaultScope {
  /** Only requests of this step; absent: both. */
  readonly step?: Step;
  /** Only requests of this credential, by its id; absent: any, and also those that name none. */
  readonly credential?: string;
  /** Milliseconds to wait before anything else happens. */
  readonly delay_ms?: number;
}

/** The request is processed and answered as ever, `ms` milliseconds late. */
export interface DelayFault extends FaultScope {
  readonly kind: 'delay';
  readonly ms: number;
}

/** The request is processed at once; its answer is sent `ms` milliseconds later. */
export interface DelayAnswerFault extends FaultScope {
  readonly kind: 'delay_answer';
  readonly ms: number;
}

/** The request is processed; headers and half of the body are sent at once, the rest `ms` milliseconds later. */
export interface StallFault extends FaultScope {
  readonly kind: 'stall';
  readonly ms: number;
}

/** These bytes are the answer, whatever was asked. With `processed` the state changes first, as a success would. */
export interface RespondFault extends FaultScope {
  readonly kind: 'respond';
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it stands. */
  readonly body?: string;
  readonly processed?: boolean;
}

/** A documented answer of the provider, by its id in `answers/<provider>.json`; the request is not processed. */
export interface AnswerFault extends FaultScope {
  readonly kind: 'answer';
  readonly id: string;
}

/** The request is processed; what would have been a success is changed on its way out. Refusals are left as they are. */
export interface ModifyFault extends FaultScope {
  readonly kind: 'modify';
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** New values by dotted path (`data.expires_in`). */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Dotted paths that are left out. */
  readonly delete?: readonly string[];
  /** The whole body instead: sent as it stands but for the placeholders of a success body (`{access}`, `{ttl}` …). */
  readonly body?: string;
}

/** A JSON body of so many bytes, streamed; with a Content-Length unless `chunked`. */
export interface FloodFault extends FaultScope {
  readonly kind: 'flood';
  readonly bytes: number;
  readonly chunked?: boolean;
  readonly processed?: boolean;
}

/** The request is processed; half of the answer's body is sent under the Content-Length of the whole, then the connection ends. */
export interface TruncateFault extends FaultScope {
  readonly kind: 'truncate';
}

/** The connection ends without a byte of answer: before the request is processed, or after (its state has changed). */
export interface CloseFault extends FaultScope {
  readonly kind: 'close_before' | 'close_after';
  /** End it by a TCP reset. */
  readonly reset?: boolean;
}

/** The provider's 429; with a Retry-After where one is given (seconds or an HTTP date), else without. */
export interface RateLimitedFault extends FaultScope {
  readonly kind: 'rate_limited';
  readonly retry_after?: number | string;
}

/** A redirect; by default a 302 to another path of the sandbox. The request is not processed. */
export interface RedirectFault extends FaultScope {
  readonly kind: 'redirect';
  readonly status?: number;
  readonly location?: string;
}

/** What goes wrong with one request. */
export type Fault =
  | DelayFault
  | DelayAnswerFault
  | StallFault
  | RespondFault
  | AnswerFault
  | ModifyFault
  | FloodFault
  | TruncateFault
  | CloseFault
  | RateLimitedFault
  | RedirectFault;
