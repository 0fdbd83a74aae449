import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, isBrokerError, Log, newId } from '@app/common';
import type { Candidate, KnowledgeSource } from './knowledge.js';
import { ReconcileChanges } from './reconcile.changes.js';
import { decideReconcile, type ReconcileDecision } from './reconcile.decision.js';
import { ReconcileReader } from './reconcile.reader.js';
import { ReconcileRepository } from './reconcile.repository.js';

const BATCH = 1000;

/** What became of a connection. What stands behind `left` needs a person. */
export const RECONCILE_RESULTS = {
  released: { left: false, meaning: 'nothing newer is known: renewed as before' },
  trusted: { left: false, meaning: 'the database is trusted: renewed as before' },
  adopted: { left: false, meaning: 'a newer credential was at hand: adopted' },
  adopted_sent: {
    left: false,
    meaning: 'a newer credential was adopted; it was sent and not answered: recovery decides',
  },
  sent: { left: false, meaning: 'its credential was sent and not answered: recovery decides' },
  credential_needed: {
    left: true,
    meaning: 'its credential was used and what came for it is not at hand: store a new one',
  },
  unreadable: { left: true, meaning: 'an answer is at hand and cannot be read' },
  changed: { left: true, meaning: 'somebody changed it meanwhile: run this again' },
  failed: { left: true, meaning: 'it failed' },
} as const satisfies Record<string, { readonly left: boolean; readonly meaning: string }>;
export type ReconcileResult = keyof typeof RECONCILE_RESULTS;

/** One connection, as it is told to the operator. */
export interface ReconcileLine {
  readonly provider: string;
  readonly connection: string;
  readonly result: ReconcileResult;
  /** The generations that the database held before and holds now. */
  readonly from: number;
  readonly to: number;
  /** Why it cannot be read, or failed. */
  readonly detail?: string;
}

/** Decides, from what is known outside a restored database, what becomes of the connections that it quarantined. */
@Injectable()
export class Reconciler {
  constructor(
    private readonly connections: ReconcileRepository,
    private readonly reader: ReconcileReader,
    private readonly changes: ReconcileChanges,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** All connections that wait. */
  async candidates(): Promise<readonly Candidate[]> {
    const all: Candidate[] = [];
    for (;;) {
      const page = await this.connections.page(all.at(-1)?.id, BATCH);
      all.push(...page);
      if (page.length < BATCH) {
        return all;
      }
    }
  }

  /**
   * Brings one connection to its end. `source` undefined means that the database is trusted. Nothing is changed in a dry run. Never
   * throws: what fails is told in the line, and logged.
   */
  async reconcile(candidate: Candidate, source: KnowledgeSource | undefined, dryRun: boolean): Promise<ReconcileLine> {
    try {
      return await (source === undefined
        ? this.#trust(candidate, dryRun)
        : this.#apply(candidate, decideReconcile(candidate, source.of(candidate)), dryRun));
    } catch (error) {
      const { provider, connection } = candidate;
      this.log.error('A connection could not be reconciled.', { provider, connection, ...errorFacts(error) });
      return lineOf(
        candidate,
        'failed',
        candidate.generation,
        isBrokerError(error) ? error.message : 'see the log line',
      );
    }
  }

  async #trust(candidate: Candidate, dryRun: boolean): Promise<ReconcileLine> {
    if (candidate.state === 'reauthorization_required') {
      return lineOf(candidate, 'credential_needed');
    }
    return this.#done(candidate, 'trusted', () => this.changes.release(candidate, 'database_trusted'), dryRun);
  }

  async #apply(candidate: Candidate, decision: ReconcileDecision, dryRun: boolean): Promise<ReconcileLine> {
    switch (decision.kind) {
      case 'leave':
        return lineOf(candidate, 'credential_needed');
      case 'release':
        return this.#done(candidate, 'released', () => this.changes.release(candidate, 'nothing_newer'), dryRun);
      case 'suspect':
        return this.#done(candidate, 'sent', () => this.changes.suspect(candidate, decision.sent), dryRun);
      case 'used':
        return this.#lose(candidate, decision.generation, dryRun);
      case 'adopt':
        return this.#adopt(candidate, decision, dryRun);
    }
  }

  async #adopt(
    candidate: Candidate,
    { answer, sent }: Extract<ReconcileDecision, { kind: 'adopt' }>,
    dryRun: boolean,
  ): Promise<ReconcileLine> {
    const read = await this.reader.read(candidate, answer);
    if (read === undefined || typeof read === 'string') {
      return lineOf(candidate, read === undefined ? 'changed' : 'unreadable', candidate.generation, read);
    }
    const result = sent === undefined ? 'adopted' : 'adopted_sent';
    const adopt = (): Promise<boolean> => this.changes.adopt(candidate, answer, read, sent);
    return this.#done(candidate, result, adopt, dryRun, answer.generation + 1);
  }

  async #lose(candidate: Candidate, generation: number, dryRun: boolean): Promise<ReconcileLine> {
    const held = await this.reader.open(candidate, newId(), candidate.generation);
    if (held === undefined) {
      return lineOf(candidate, 'changed');
    }
    const lose = (): Promise<boolean> => this.changes.lose(candidate, held, generation);
    return this.#done(candidate, 'credential_needed', lose, dryRun, Math.max(generation, candidate.generation));
  }

  async #done(
    candidate: Candidate,
    result: ReconcileResult,
    change: () => Promise<boolean>,
    dryRun: boolean,
    to = candidate.generation,
  ): Promise<ReconcileLine> {
    return dryRun || (await change()) ? lineOf(candidate, result, to) : lineOf(candidate, 'changed');
  }
}

const lineOf = (
  { provider, connection, generation }: Candidate,
  result: ReconcileResult,
  to = generation,
  detail?: string,
): ReconcileLine => ({
  provider,
  connection,
  result,
  from: generation,
  to,
  ...(detail === undefined ? {} : { detail }),
});
