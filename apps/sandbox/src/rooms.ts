import type { Contract } from './contract/contract.js';
import type { CredentialStore } from './credentials/credential.store.js';
import type { Issuer } from './credentials/issuer.js';
import type { FaultQueue } from './faults/fault.queue.js';
import type { RequestLog } from './request.log.js';

/** The parts of one sandbox, as its two faces (HTTP and in-process) use them. */
export interface Rooms {
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly store: CredentialStore;
  readonly issuer: Issuer;
  readonly faults: FaultQueue;
  readonly log: RequestLog;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, at once for 0; rejects when the sandbox closes. */
  readonly wait: (ms: number) => Promise<void>;
  /** Ends every wait. */
  readonly stop: () => void;
  readonly warn: (message: string) => void;
}
