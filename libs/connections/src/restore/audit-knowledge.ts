import type { ConnectionName } from '@app/common';
import { isOfEarlierCredential } from '../spool/spool.index.js';
import type { Candidate, Knowledge, KnowledgeSource } from './knowledge.js';

/** One exported event of the audit log, as far as it is looked at; in the words of `GET /audit/events`. */
export interface ExportedEvent {
  readonly action: string;
  readonly outcome: string;
  readonly at: string;
  readonly provider: string | null;
  readonly connection: string | null;
  readonly generation: number | null;
  readonly reason: string | null;
}

/** What the log tells of one generation of a connection. */
interface Told {
  readonly generation: number;
  /** When the newest attempt was written down; epoch ms. */
  at: number;
  /** Attempts of any step that were written down, and those among them that send the credential. */
  started: number;
  sending: number;
  /** Attempts that certainly did not use the credential. */
  harmless: number;
  used: boolean;
}

/** Outcomes of attempts that leave a credential as it was. */
const HARMLESS: ReadonlySet<string> = new Set(['not_sent', 'misconfigured']);
const ASKED = /_introspect$/;

/**
 * What an export of the audit log knows: which generations were used, never what came for them. The log does not tie an outcome
 * to its attempt, so the attempts of a generation are counted: one that is not accounted for may have used it.
 */
export class AuditKnowledge implements KnowledgeSource {
  readonly #told = new Map<string, Map<number, Told>>();
  readonly #held: ReadonlyMap<string, number>;

  /** Only of these, and only what is not older than what the database holds of them, anything is remembered. */
  constructor(candidates: readonly Candidate[]) {
    this.#held = new Map(candidates.map((candidate) => [nameOf(candidate), candidate.generation]));
  }

  /** Takes one event in; those that say nothing of attempts are passed over. */
  add(event: ExportedEvent): void {
    const { action, provider, connection, generation } = event;
    if (!action.startsWith('refresh.') || provider === null || connection === null || generation === null) {
      return;
    }
    const name = nameOf({ provider, connection });
    if (generation < (this.#held.get(name) ?? Number.POSITIVE_INFINITY)) {
      return;
    }
    const told = this.#of(name, generation);
    told.at = Math.max(told.at, Date.parse(event.at));
    if (action === 'refresh.started') {
      told.started += 1;
      told.sending += ASKED.test(event.reason ?? '') ? 0 : 1;
      return;
    }
    if (HARMLESS.has(event.outcome) || (event.outcome === 'ok' && event.reason === 'unused')) {
      told.harmless += 1;
      return;
    }
    told.used ||= event.outcome === 'ok' || event.outcome === 'rejected';
  }

  of(candidate: Candidate): Knowledge {
    const { credentialStoredAt } = candidate;
    const all = [...(this.#told.get(nameOf(candidate))?.values() ?? [])]
      .filter(({ at }) => !isOfEarlierCredential({ sentAt: at }, credentialStoredAt))
      .toSorted((one, other) => other.generation - one.generation);
    const used = all.find((told) => told.used);
    const sent = all.find((told) => !told.used && told.sending > 0 && told.started > told.harmless);
    return {
      sent: sent && { attempt: null, generation: sent.generation, sentAt: sent.at },
      usedUpTo: used?.generation,
    };
  }

  #of(name: string, generation: number): Told {
    const generations = this.#told.get(name) ?? new Map<number, Told>();
    this.#told.set(name, generations);
    const told = generations.get(generation) ?? {
      generation,
      at: Number.NEGATIVE_INFINITY,
      started: 0,
      sending: 0,
      harmless: 0,
      used: false,
    };
    generations.set(generation, told);
    return told;
  }
}

const nameOf = ({ provider, connection }: ConnectionName): string => `${provider}/${connection}`;

/** Several sources as one: of answers and sends the newest counts, of uses the highest. */
export class JoinedKnowledge implements KnowledgeSource {
  constructor(private readonly sources: readonly KnowledgeSource[]) {}

  of(candidate: Candidate): Knowledge {
    return this.sources.map((source) => source.of(candidate)).reduce(join, {});
  }
}

function join(one: Knowledge, other: Knowledge): Knowledge {
  return {
    answer: newer(one.answer, other.answer),
    sent: newer(one.sent, other.sent),
    usedUpTo: Math.max(one.usedUpTo ?? 0, other.usedUpTo ?? 0),
  };
}

const newer = <Item extends { readonly generation: number; readonly sentAt: number }>(
  one: Item | undefined,
  other: Item | undefined,
): Item | undefined =>
  [one, other]
    .flatMap((item) => item ?? [])
    .toSorted((a, b) => b.generation - a.generation || b.sentAt - a.sentAt)
    .at(0);
