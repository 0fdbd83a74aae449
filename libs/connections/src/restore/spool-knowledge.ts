import type { Envelopes } from '@app/crypto';
import { readEpoch, type SeenEpoch } from '../spool/epoch-file.js';
import { scanSpool } from '../spool/scan-spool.js';
import type { SpoolEntry } from '../spool/spool-entry.js';
import { nameOf, openAnswer } from '../spool/spool-file.js';
import { SpoolFolder } from '../spool/spool.folder.js';
import { type ConsumedConnection, isOfEarlierCredential, newestFirst, SpoolIndex } from '../spool/spool.index.js';
import type { Candidate, Knowledge, KnowledgeSource, KnownAnswer } from './knowledge.js';

interface Found {
  readonly entry: SpoolEntry;
  readonly folder: SpoolFolder;
}

/** What the spool folders of replicas know. They are only read. */
export class SpoolKnowledge implements KnowledgeSource {
  readonly #byConnection = new Map<string, Found[]>();

  private constructor(
    private readonly envelopes: Envelopes,
    /** The highest epochs that the folders saw. */
    readonly epochs: readonly SeenEpoch[],
    /** Paths of files that are damaged: what they knew is not known. */
    readonly damaged: readonly string[],
    found: readonly Found[],
  ) {
    for (const one of found) {
      const known = this.#byConnection.get(one.entry.connectionId) ?? [];
      known.push(one);
      this.#byConnection.set(one.entry.connectionId, known);
    }
  }

  /** Reads all of these folders. @throws Error where one is absent or cannot be read. */
  static async read(paths: readonly string[], envelopes: Envelopes): Promise<SpoolKnowledge> {
    const epochs: SeenEpoch[] = [];
    const damaged: string[] = [];
    const found: Found[] = [];
    for (const path of paths) {
      const folder = new SpoolFolder(path);
      const scan = await scanSpool(folder);
      const entries = scan.files.flatMap((file) => file.entries);
      const seen = await readEpoch(folder);
      epochs.push(...(seen === undefined ? [] : [seen]), ...entries.flatMap(epochOf));
      damaged.push(...scan.damaged.map((name) => `${path}/${name}`));
      found.push(...entries.map((entry) => ({ entry, folder })));
    }
    return new SpoolKnowledge(envelopes, epochs, damaged, found);
  }

  /** Of each connection what was consumed last. */
  newest(): readonly ConsumedConnection[] {
    const index = new SpoolIndex();
    [...this.#byConnection.values()].flat().forEach(({ entry }) => index.add(entry));
    return index.newest();
  }

  of({ id, credentialStoredAt }: Candidate): Knowledge {
    const known = (this.#byConnection.get(id) ?? [])
      .filter(({ entry }) => entry.epoch !== null && !isOfEarlierCredential(entry, credentialStoredAt))
      .toSorted((one, other) => newestFirst(one.entry, other.entry));
    const answered = known.find(({ entry }) => entry.kind !== 'intent');
    const sent = known.find(({ entry }) => entry.kind === 'intent')?.entry;
    return {
      answer: answered && this.#answerOf(answered),
      sent: sent && { attempt: sent.attempt, generation: sent.generation, sentAt: sent.sentAt },
      usedUpTo: answered?.entry.generation,
    };
  }

  #answerOf({ entry, folder }: Found): KnownAnswer {
    const { attempt, kind, generation, sentAt } = entry;
    return {
      attempt,
      generation,
      sentAt,
      answeredAt: entry.answeredAt ?? sentAt,
      read: async () => {
        // The broker may have adopted it since the folder was read.
        const text = (await folder.read(nameOf(attempt, kind))) ?? (await folder.read(nameOf(attempt, 'kept')));
        return openAnswer(entry, text ?? '', this.envelopes);
      },
    };
  }
}

const epochOf = ({ database, epoch }: SpoolEntry): readonly SeenEpoch[] =>
  database === null || epoch === null ? [] : [{ database, epoch }];
