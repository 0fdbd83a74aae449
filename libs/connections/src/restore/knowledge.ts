import type { SpooledAnswer } from '../spool/spool-entry.js';

/** A connection that waits for somebody to say how much of its credential was used. */
export interface Candidate {
  readonly id: string;
  readonly provider: string;
  readonly connection: string;
  readonly state: 'uncertain' | 'paused' | 'reauthorization_required';
  readonly stateReason: string;
  /** What the database holds. */
  readonly generation: number;
  /** Epoch ms of the database's clock, when that credential was stored. */
  readonly credentialStoredAt: number;
}

/** An answer that is at hand, sealed. */
export interface KnownAnswer {
  readonly attempt: string;
  /** The generation that its attempt consumed. */
  readonly generation: number;
  /** Epoch ms of the database's clock. */
  readonly sentAt: number;
  readonly answeredAt: number;
  /** @throws Error where it does not open. */
  read(): Promise<SpooledAnswer>;
}

/** An attempt that was sent, or was about to be, and whose answer nobody has seen. */
export interface KnownSend {
  /** Null where its id is not known. */
  readonly attempt: string | null;
  readonly generation: number;
  readonly sentAt: number;
}

/** What is known, outside the database, of the use of one connection's credential. */
export interface Knowledge {
  /** The newest answer that can be read. */
  readonly answer?: KnownAnswer | undefined;
  /** The newest attempt without an answer. */
  readonly sent?: KnownSend | undefined;
  /** The highest generation that certainly was used, whether or not its answer is at hand. */
  readonly usedUpTo?: number | undefined;
}

/** Where such knowledge comes from. */
export interface KnowledgeSource {
  of(candidate: Candidate): Knowledge;
}
