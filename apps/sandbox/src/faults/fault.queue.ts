import type { Step } from '../contract/answers-file.js';
import type { Fault } from './fault.js';

/** A fault that waits for its requests. */
export interface QueuedFault {
  readonly provider: string;
  readonly fault: Fault;
  readonly remaining: number;
}

const fits = (fault: Fault, step: Step, credential: string | null): boolean =>
  (fault.step === undefined || fault.step === step) &&
  (fault.credential === undefined || fault.credential === credential);

/** The faults to come. A request takes the first one queued for its provider that fits it, and uses one of its count. */
export class FaultQueue {
  #queued: QueuedFault[] = [];

  /** `count` is how many requests it hits. */
  add(provider: string, fault: Fault, count: number): void {
    this.#queued.push({ provider, fault, remaining: count });
  }

  /** The fault of this request, if one is due. */
  take(provider: string, step: Step, credential: string | null): Fault | undefined {
    const index = this.#queued.findIndex((each) => each.provider === provider && fits(each.fault, step, credential));
    const found = this.#queued[index];
    if (!found) {
      return undefined;
    }
    const left = found.remaining > 1 ? [{ ...found, remaining: found.remaining - 1 }] : [];
    this.#queued.splice(index, 1, ...left);
    return found.fault;
  }

  /** Those not yet used up, in the order in which they are taken. */
  list(): readonly QueuedFault[] {
    return this.#queued;
  }

  /** Forgets those of one provider, or all. */
  clear(provider?: string): void {
    this.#queued = provider === undefined ? [] : this.#queued.filter((each) => each.provider !== provider);
  }
}
