/** Failures in a row that open the circuit. */
const MOST_IN_A_ROW = 5;
/** Or half of so many requests within this time. */
const FEWEST_JUDGED = 10;
const JUDGED_MS = 30_000;
const BUCKET_MS = 3000;
const LONGEST_OPEN_MS = 300_000;

/** What became of a request, as far as the provider's health goes; `none` tells nothing of it. */
export type Verdict = 'good' | 'bad' | 'none';

/** Leave to send one request. */
export interface Admission {
  /** True where a bare connection must stand first: this credential must not be what the provider is tried with. */
  readonly probeFirst: boolean;
  /** False where the circuit opened since: whoever waited does not send any more. */
  stands(now: number): boolean;
  /** To be called once with what became of it; without it a half-open circuit admits nobody else. */
  end(verdict: Verdict, now: number): void;
}

interface Bucket {
  readonly since: number;
  requests: number;
  failures: number;
}

/**
 * Stops sending to a provider that fails, and tries it again with one request. Ours and not a library's: a credential that can be
 * used only once must never be that one request, so it is admitted only behind a connection that was opened and closed unused.
 * `now` is monotonic, in milliseconds.
 */
export class Circuit {
  #inARow = 0;
  #buckets: Bucket[] = [];
  #openUntil: number | undefined;
  #openForMs: number;
  #longestMs = LONGEST_OPEN_MS;
  #probing = false;

  constructor(private readonly firstOpenMs: number) {
    this.#openForMs = firstOpenMs;
  }

  /** `closed`: anybody may send · `open`: nobody · `half_open`: one request will tell. */
  state(now: number): 'closed' | 'open' | 'half_open' {
    if (this.#openUntil === undefined) {
      return 'closed';
    }
    return now < this.#openUntil || this.#probing ? 'open' : 'half_open';
  }

  /** Milliseconds until somebody may try again; at least one second. */
  retryIn(now: number): number {
    return Math.max(1000, (this.#openUntil ?? now) - now);
  }

  /** Leave to send, or undefined. An operator who asks (`forced`) is that one request at any time. */
  admit(now: number, oneShot: boolean, forced = false): Admission | undefined {
    const state = this.state(now);
    if (state === 'open' && !forced) {
      return undefined;
    }
    const isProbe = state !== 'closed';
    this.#probing ||= isProbe;
    let ended = false;
    return {
      probeFirst: isProbe && oneShot,
      stands: (at) => isProbe || this.state(at) === 'closed',
      end: (verdict, at) => {
        if (!ended) {
          ended = true;
          this.#note(verdict, isProbe, at);
        }
      },
    };
  }

  /** From now on it opens for no longer than this, and tries more often instead: what is held back meanwhile would be lost. */
  openAtMost(ms: number, now: number): void {
    this.#longestMs = Math.min(this.#longestMs, ms);
    if (this.#openUntil !== undefined) {
      this.#openUntil = Math.min(this.#openUntil, now + this.#longestMs);
    }
  }

  #note(verdict: Verdict, isProbe: boolean, now: number): void {
    if (isProbe) {
      this.#probing = false;
    }
    if (verdict === 'none') {
      return;
    }
    const bucket = this.#bucket(now);
    bucket.requests += 1;
    if (verdict === 'good') {
      this.#inARow = 0;
      if (isProbe) {
        this.#close();
      }
      return;
    }
    bucket.failures += 1;
    this.#inARow += 1;
    if (isProbe || (this.#openUntil === undefined && this.#isFailing())) {
      this.#open(now);
    }
  }

  #isFailing(): boolean {
    const requests = this.#buckets.reduce((sum, bucket) => sum + bucket.requests, 0);
    const failures = this.#buckets.reduce((sum, bucket) => sum + bucket.failures, 0);
    return this.#inARow >= MOST_IN_A_ROW || (requests >= FEWEST_JUDGED && failures * 2 >= requests);
  }

  #open(now: number): void {
    this.#openUntil = now + Math.min(this.#openForMs, this.#longestMs);
    this.#openForMs = Math.min(this.#openForMs * 2, LONGEST_OPEN_MS);
  }

  #close(): void {
    this.#openUntil = undefined;
    this.#openForMs = this.firstOpenMs;
    this.#inARow = 0;
    this.#buckets = [];
  }

  #bucket(now: number): Bucket {
    this.#buckets = this.#buckets.filter(({ since }) => since > now - JUDGED_MS);
    const newest = this.#buckets.at(-1);
    if (newest !== undefined && now - newest.since < BUCKET_MS) {
      return newest;
    }
    const bucket = { since: now, requests: 0, failures: 0 };
    this.#buckets.push(bucket);
    return bucket;
  }
}
