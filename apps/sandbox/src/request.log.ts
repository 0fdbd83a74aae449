import type { Step } from './contract/answers-file.js';
import type { Fault } from './faults/fault.js';

const MOST_KEPT = 10_000;

/** One request that a provider of the sandbox received. Never a secret. */
export interface RequestRecord {
  /** Counts from 1, over all providers. */
  readonly seq: number;
  /** RFC 3339. */
  readonly at: string;
  readonly provider: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The id of the credential that the request named, dead or alive; null where it named none. */
  readonly credential: string | null;
  /** Null for a path or method that the provider does not serve. */
  readonly step: Step | null;
  /** True where the request was decided by the rules, and so may have changed something. */
  readonly processed: boolean;
  /** `success` or the id of the documented answer that was decided or played; null while undecided or where a fault made the answer. */
  readonly answer: string | null;
  /** The status that was sent; null where none was (yet). */
  readonly status: number | null;
  readonly fault: Fault['kind'] | null;
}

/** Which records are wanted; absent means any. */
export interface RequestFilter {
  readonly provider?: string;
  readonly credential?: string;
  readonly step?: Step;
}

/** What is known when a request arrives. */
export type Arrival = Pick<RequestRecord, 'at' | 'provider' | 'method' | 'path' | 'credential' | 'step'>;

type Mutable = { -readonly [Key in keyof RequestRecord]: RequestRecord[Key] };

/** The newest 10 000 requests received, oldest first. */
export class RequestLog {
  #records: Mutable[] = [];
  #seq = 0;

  /** Writes a request down as it arrives; the function that comes back completes it. */
  open(arrival: Arrival): (facts: Partial<Pick<RequestRecord, 'processed' | 'answer' | 'status' | 'fault'>>) => void {
    const record: Mutable = { seq: ++this.#seq, ...arrival, processed: false, answer: null, status: null, fault: null };
    this.#records.push(record);
    if (this.#records.length >= MOST_KEPT * 2) {
      this.#records = this.#records.slice(-MOST_KEPT);
    }
    return (facts) => void Object.assign(record, facts);
  }

  /** Copies of the records that fit, oldest first. */
  list(filter: RequestFilter = {}): readonly RequestRecord[] {
    return this.#records
      .slice(-MOST_KEPT)
      .filter(
        (record) =>
          (filter.provider === undefined || record.provider === filter.provider) &&
          (filter.credential === undefined || record.credential === filter.credential) &&
          (filter.step === undefined || record.step === filter.step),
      )
      .map((record) => Object.assign({}, record));
  }

  /** Forgets all; the sequence goes on. */
  clear(): void {
    this.#records = [];
  }
}
