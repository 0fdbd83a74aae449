import type {
  Behaviour,
  CredentialFacts,
  CredentialPart,
  IssuedCredential,
  IssueOptions,
  TokenFacts,
} from './credentials/credential.js';
import type { Fault } from './faults/fault.js';
import type { QueuedFault } from './faults/fault.queue.js';
import type { RequestFilter, RequestRecord } from './request.log.js';

/** How a sandbox is started. */
export interface SandboxOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Where issued credentials are kept so that they survive a restart; absent: only in memory. */
  readonly stateFile?: string;
  /** Where the `<type>.json` files are; default the sandbox's own `answers`. */
  readonly answersDir?: string;
  /** Epoch milliseconds that tokens are issued and judged by; default the machine's clock. */
  readonly now?: () => number;
  /** Told, as a sentence, what a person should know. */
  readonly warn?: (message: string) => void;
}

/** A running sandbox. Several may run in one process. */
export interface Sandbox {
  /** Without a trailing slash; a provider stands under `${url}/<provider>`, the control API under `${url}/_sandbox/`. */
  readonly url: string;
  /** The providers it answers as. */
  readonly providers: readonly string[];
  /** Ends every connection and every delay, and writes the state file a last time. */
  close(): Promise<void>;
  /**
   * A fresh credential, ready to be put into the broker. `origin` is where the broker reaches the sandbox, if not at `url`.
   * @throws BrokerError `not_found`, `invalid_request`, as every method that names a provider or a credential
   */
  issue(provider: string, options?: IssueOptions, origin?: string): Promise<IssuedCredential>;
  /** Its state, without secrets. */
  credential(id: string): CredentialFacts;
  credentials(): readonly CredentialFacts[];
  /** Changes how a credential behaves from now on. */
  update(id: string, behaviour: Behaviour): void;
  /** Its tokens are over their time, now. Default: access and refresh tokens. */
  expire(id: string, part?: Exclude<CredentialPart, 'keys'>): void;
  /** Withdrawn, now. Default: tokens, keys and passwords. */
  revoke(id: string, part?: CredentialPart): void;
  /** What the sandbox knows of a token; undefined where it never issued it, or forgot it after its expiry. */
  lookup(token: string): TokenFacts | undefined;
  /** Requests received by the providers (never those of the control API), oldest first. */
  requests(filter?: RequestFilter): readonly RequestRecord[];
  clearRequests(): void;
  /** Queues a fault for the next `count` (default 1) refresh and re-login requests of a provider that fit it. */
  fault(provider: string, fault: Fault, count?: number): void;
  faults(): readonly QueuedFault[];
  clearFaults(provider?: string): void;
  /** Forgets credentials, requests and faults; keys and the secrets shared by a provider's credentials stay. */
  reset(): void;
}
