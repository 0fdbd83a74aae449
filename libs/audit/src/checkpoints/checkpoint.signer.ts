import type { KeyObject } from 'node:crypto';
import type { Log } from '@app/common';
import {
  hashOfCheckpoint,
  parseCheckpoint,
  type Retirement,
  signCheckpoint,
  type SignedCheckpoint,
} from '../chain/checkpoint.js';
import { checkpointsSigned } from './checkpoint.metrics.js';
import type { CheckpointsRepository } from './checkpoints.repository.js';
import { nextCheckpoint } from './compose.js';

/** How long a replica may sign without asking again: after a kill another one goes on then. */
const LEASE_MS = 3000;

/**
 * `elsewhere`: another replica signs. `unsigned`: another one has the right to, and has signed nothing since the round before, though
 * something waits. `lost`: another one was faster, which an old lease ends with.
 */
export type Round = 'signed' | 'nothing_new' | 'elsewhere' | 'unsigned' | 'lost';

/** The key that signs: Ed25519. */
export interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
}

/**
 * Signs the heads of the streams, a checkpoint a round, where this replica holds the lease. Every checkpoint stands in the service's own
 * log too, before the next one is signed; a repeated line is one that a kill may have left out.
 */
export class CheckpointSigner {
  /** Number and hash of the newest checkpoint that this replica has seen and printed. */
  #seen: { readonly number: number; readonly hash: string } | undefined;
  /** Number of the newest checkpoint when the right to sign was asked for last. The first time none is newer. */
  #newest = Infinity;

  constructor(
    private readonly repository: CheckpointsRepository,
    private readonly key: SigningKey,
    private readonly replica: string,
    private readonly log: Log,
  ) {}

  /** Signs what is new; with a retirement, that in any case. Not to be called while it runs. */
  async round(retired?: Retirement): Promise<Round> {
    const { mine, newest, unsigned } = await this.repository.takeLease(this.replica, LEASE_MS);
    const isNewer = newest > this.#newest;
    this.#newest = newest;
    if (!mine) {
      return isNewer || !unsigned ? 'elsewhere' : 'unsigned';
    }
    const state = await this.repository.look();
    this.#notice(state.newest);
    const checkpoint = nextCheckpoint(state, this.key.id, retired);
    if (checkpoint === undefined) {
      await this.#mark(state.newest, state.heads);
      return 'nothing_new';
    }
    const signed = signCheckpoint(checkpoint, this.key.privateKey);
    if (!(await this.repository.insert(checkpoint, signed))) {
      return 'lost';
    }
    checkpointsSigned.inc();
    this.#print(checkpoint.number, signed);
    return 'signed';
  }

  /** Another replica may sign from now on. */
  async resign(): Promise<void> {
    await this.repository.freeLease(this.replica);
  }

  /** What this replica did not write, or does not know to have written. Numbers never go back, unless somebody makes them. */
  #notice(newest: SignedCheckpoint | undefined): void {
    const seen = this.#seen;
    const number = newest === undefined ? 0 : parseCheckpoint(newest.body).number;
    const hash = newest && hashOfCheckpoint(newest);
    if (seen !== undefined && (number < seen.number || (number === seen.number && hash !== seen.hash))) {
      this.log.error(
        'The newest checkpoint of the audit log was removed or replaced: the database was restored, or somebody changed it. Verify the log against the checkpoints in this output.',
      );
    }
    if (newest !== undefined && hash !== seen?.hash) {
      this.#print(number, newest);
    }
  }

  #print(number: number, signed: SignedCheckpoint): void {
    this.#seen = { number, hash: hashOfCheckpoint(signed) };
    this.log.info('Audit checkpoint.', { checkpoint: signed.body, signature: signed.signature.toString('base64') });
  }

  async #mark(
    newest: SignedCheckpoint | undefined,
    heads: Parameters<CheckpointsRepository['markSigned']>[1],
  ): Promise<void> {
    if (newest !== undefined && heads.length > 0) {
      await this.repository.markSigned(parseCheckpoint(newest.body).number, heads);
    }
  }
}
