import { Inject, Injectable } from '@nestjs/common';
import { atMost, BrokerError, Clock, errorFacts, Log } from '@app/common';
import { Config } from '@app/config';
import { Envelopes, KeyServiceError, type PreparedSeal } from '@app/crypto';
import type { OutboundAnswer } from '@app/providers';
import { LRUCache } from 'lru-cache';
import type { KnownEpochs, SeenEpoch } from './epoch-file.js';
import type { DatabaseIdentity, SpooledAnswer, SpooledAttempt, SpoolEntry } from './spool-entry.js';
import { formatAnswer, formatIntent, nameOf, openAnswer, placeOf, withNote } from './spool-file.js';
import { type Consumed, type ConsumedConnection, outlivedBy, supersededBy } from './spool.index.js';
import { rewrapKept } from './rewrap-kept.js';
import { SpoolStore } from './spool.store.js';

const OLD_MS = 30 * 24 * 3600 * 1000;
const MOST_UNDER_WAY = 10_000;

/**
 * This replica's folder for what providers answered and the database does not hold yet, and for what shows that a database is
 * older than it should be (ADR 19). Several attempts may use it at once; several processes do it no harm.
 */
@Injectable()
export class Spool {
  readonly #store: SpoolStore;
  /** Monotonic times of the answers that this process kept: whoever kept one stores it, too. */
  readonly #keptAt = new Map<string, number>();
  /** What will seal the answers of attempts that are under way: no key service can keep one from being kept. */
  readonly #seals = new LRUCache<string, PreparedSeal>(atMost(MOST_UNDER_WAY));
  #database: DatabaseIdentity | null = null;

  constructor(
    @Inject(Config) private readonly config: Config,
    private readonly envelopes: Envelopes,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Log) private readonly log: Log,
  ) {
    this.#store = new SpoolStore(config.spoolDir, log);
  }

  /** Reads what the folder holds. Never rejects: where it cannot be used, that is logged, and `prepare` refuses. */
  async open(): Promise<void> {
    try {
      await this.#store.open();
    } catch (error) {
      const message = 'The spool folder cannot be used: nothing is sent with credentials that can be used only once.';
      this.log.error(message, { source: this.#store.path, ...errorFacts(error) });
    }
  }

  /**
   * Has at hand what seals the attempt's answer, whatever becomes of the key service meanwhile.
   * @throws KeyServiceError where that cannot be had; nothing may be sent then.
   */
  async reserve({ id, generation }: SpooledAttempt): Promise<void> {
    this.#seals.set(id, await this.envelopes.prepare(placeOf({ attempt: id, generation })));
  }

  /**
   * Notes that the credential of this generation is about to be sent. Resolves when the note is on the disk.
   * @throws BrokerError `storage_unavailable` where the folder cannot be written; nothing may be sent then.
   */
  async prepare(attempt: SpooledAttempt): Promise<void> {
    const entry = this.#entryOf(attempt, 'intent', this.clock.now(), null);
    try {
      await this.#store.note(entry, formatIntent(entry));
    } catch (cause) {
      throw unwritable(this.#store.path, cause);
    }
  }

  /**
   * Keeps a raw answer, sealed. Resolves when it is on the disk.
   * @param sentAt epoch ms of the database's clock; where it is left out, the time of the attempt's note, or the earliest moment
   * that it can have been: a token must not seem to live longer than it does.
   */
  async keep(attempt: SpooledAttempt, answer: OutboundAnswer, sentAt?: number): Promise<void> {
    if (attempt.step === 'introspect') {
      return;
    }
    const now = this.clock.now();
    const noted = this.#store.index.get(nameOf(attempt.id, 'intent'))?.sentAt;
    const entry = this.#entryOf(attempt, 'answer', sentAt ?? noted ?? now - this.config.timing.deadlineMs, now);
    this.#keptAt.set(attempt.id, performance.now());
    const prepared = this.#seals.get(attempt.id) ?? (await this.envelopes.prepare(placeOf(entry)));
    this.#seals.delete(attempt.id);
    const sealed = { ...entry, sealedWith: prepared.keyId };
    await this.#store.write(sealed, formatAnswer(entry, { step: attempt.step, answer }, prepared));
  }

  /**
   * The database holds the answer of this attempt. One of a credential that can be used only once stays as the newest of its
   * connection, and takes the place of what is older; any other goes, and what it supersedes with it.
   */
  async adopted({ id }: Pick<SpooledAttempt, 'id'>): Promise<void> {
    await this.#settle(id).finally(() => this.#end(id));
  }

  async #settle(id: string): Promise<void> {
    const [answer, intent] = this.#of(id);
    const own = answer ?? intent;
    if (own === undefined) {
      return;
    }
    const { index } = this.#store;
    if (own.epoch === null) {
      const superseded = [own, ...supersededBy(own, index.of(own.connectionId))];
      superseded.forEach(({ kind, attempt }) => kind === 'answer' && this.#keptAt.delete(attempt));
      return this.#store.remove(superseded.flatMap(withNote));
    }
    if (answer === undefined) {
      // Without its answer at hand, the note of a one-time credential is all that shows that it was used.
      return;
    }
    await this.#store.turn(answer, 'kept');
    const outlived = outlivedBy(index.of(answer.connectionId));
    await this.#store.remove(intent === undefined ? outlived : [intent, ...outlived]);
  }

  /** The attempt ended without an answer of use, or was not sent: nothing of it stays. */
  async discard({ id }: Pick<SpooledAttempt, 'id'>): Promise<void> {
    await this.#store.remove(this.#of(id).flatMap((entry) => entry ?? []));
    this.#end(id);
  }

  #end(id: string): void {
    this.#keptAt.delete(id);
    this.#seals.delete(id);
  }

  /**
   * Answers that the database may not hold, oldest generation first: those that an earlier or another process left here, and
   * those that this one kept and did not come to an end with. @throws Error where the folder cannot be read.
   */
  async pending(): Promise<readonly SpoolEntry[]> {
    await this.#store.lookAgain();
    const since = performance.now() - this.config.timing.replayEveryMs;
    return this.#store.index
      .all()
      .filter(({ kind, attempt }) => kind === 'answer' && (this.#keptAt.get(attempt) ?? since) <= since)
      .toSorted((one, other) => one.generation - other.generation);
  }

  /** True while the file is there. */
  holds({ attempt, kind }: SpoolEntry): boolean {
    return this.#store.index.has(nameOf(attempt, kind));
  }

  /**
   * An answer, opened; undefined where it does not open, which is logged once, or is gone by now.
   * @throws KeyServiceError where that cannot be told now.
   */
  async read(entry: SpoolEntry): Promise<SpooledAnswer | undefined> {
    const text = await this.#store.textOf(entry);
    try {
      return text === undefined ? undefined : await openAnswer(entry, text, this.envelopes);
    } catch (error) {
      if (error instanceof KeyServiceError) {
        throw error;
      }
      const facts = { attempt_id: entry.attempt, generation: entry.generation, ...errorFacts(error) };
      this.#store.tell(entry.attempt, 'An answer in the spool does not open; it is left as it is.', facts);
      return undefined;
    }
  }

  /** The highest generation of a connection that was consumed from here; undefined where none was. Compare with `isNewer`. */
  newestOf(connectionId: string): Consumed | undefined {
    return this.#store.index.newestOf(connectionId);
  }

  /** The same of every connection of which something was consumed from here. */
  newest(): readonly ConsumedConnection[] {
    return this.#store.index.newest();
  }

  /** The highest epochs that are known here, as of this moment. */
  knownEpochs(): KnownEpochs {
    return this.#store.epochs.copy();
  }

  /** The highest epoch that is known here of the database as it was last looked at; 0 where none is. */
  highestEpoch(): number {
    return this.#database === null ? 0 : this.#store.epochs.of(this.#database);
  }

  /** Follows the epoch of the database, on the disk where it grew. Never rejects. */
  async follow(seen: SeenEpoch): Promise<void> {
    this.#database = seen.database;
    await this.#store.follow(seen);
  }

  /** Ids of the keys that files of the folder are sealed with. */
  keyIds(): readonly string[] {
    return this.#store.index.keyIds();
  }

  /** As `rewrapKept`, of this folder. */
  rewrap = (primary: string, most: number): Promise<void> => rewrapKept(this.#store, this.envelopes, primary, most);

  /** Connections of which the folder holds something older than 30 days. */
  longKnown(): readonly string[] {
    const old = this.#store.index.all().filter((entry) => this.#isOld(entry));
    return [...new Set(old.map(({ connectionId }) => connectionId))];
  }

  /** Removes what is older than 30 days of connections that do not exist any more. */
  async forget(connectionIds: readonly string[]): Promise<void> {
    const entries = connectionIds.flatMap((id) => this.#store.index.of(id));
    await this.#store.remove(entries.filter((entry) => this.#isOld(entry)));
  }

  /** What stands here of an attempt. An answer that another process left has its note beside it. */
  #of(attempt: string): readonly [SpoolEntry | undefined, SpoolEntry | undefined] {
    const { index } = this.#store;
    const answer = index.get(nameOf(attempt, 'answer'));
    const noted = answer && ({ ...answer, kind: 'intent' } as const);
    return [answer, index.get(nameOf(attempt, 'intent')) ?? noted];
  }

  #isOld({ sentAt }: SpoolEntry): boolean {
    return this.clock.now() - sentAt > OLD_MS;
  }

  #entryOf(attempt: SpooledAttempt, kind: SpoolEntry['kind'], sentAt: number, answeredAt: number | null): SpoolEntry {
    const { id, connectionId, generation, epoch } = attempt;
    return {
      kind,
      attempt: id,
      connectionId,
      generation,
      epoch,
      database: this.#database,
      sentAt,
      answeredAt,
      sealedWith: null,
    };
  }
}

function unwritable(path: string, cause: unknown): BrokerError {
  const { error_code: code = 'unknown error' } = errorFacts(cause);
  return new BrokerError(
    'storage_unavailable',
    `The spool folder ${path} cannot be written (${code}), so nothing is sent with a credential that can be used only once. ` +
      'Make it writable for the user that runs the broker, see that its disk is not full, or set SPOOL_DIR to another folder.',
    { cause },
  );
}
