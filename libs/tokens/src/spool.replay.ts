import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log, type LogFacts } from '@app/common';
import { isOfEarlierCredential, Spool, type SpoolEntry, SpoolRepository, type Standing } from '@app/connections';
import { SpoolReplaySettler } from './spool.replay.settler.js';

const SWEEP_EVERY_MS = 24 * 3600 * 1000;

/** Why an answer of the spool is not adopted, in the words of the log. */
const OBSTACLES = {
  gone: 'An answer in the spool belongs to a connection that does not exist any more; it is removed after 30 days.',
  outdated: 'An answer in the spool is newer than the database, which was restored: run "claviger reconcile".',
  replaced: 'An answer in the spool belongs to a credential that was replaced meanwhile; it is left as it is.',
  unread: 'An answer in the spool cannot be read; it is tried again, after the configuration is mended.',
} as const;
type Obstacle = keyof typeof OBSTACLES;

/** Adopts what an earlier life of this replica, or a failure, left in the spool: at the start, and now and then while it runs. */
@Injectable()
export class SpoolReplay {
  readonly #told = new Set<string>();
  #running: Promise<void> | undefined;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly spool: Spool,
    private readonly standings: SpoolRepository,
    private readonly settler: SpoolReplaySettler,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Tries every waiting answer once. Never rejects: what fails is logged and tried again the next time. */
  run(): Promise<void> {
    this.#running ??= this.#replayAll()
      .catch((error: unknown) =>
        this.log.warn('Answers in the spool could not be replayed; it is tried again.', errorFacts(error)),
      )
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #replayAll(): Promise<void> {
    const pending = await this.spool.pending();
    if (pending.length > 0) {
      const standings = await this.standings.standings(pending.map(({ connectionId }) => connectionId));
      for (const entry of pending) {
        await this.#replayOne(entry, standings.get(entry.connectionId));
      }
    }
    await this.#sweep();
  }

  async #replayOne(entry: SpoolEntry, standing: Standing | undefined): Promise<void> {
    const { attempt: attempt_id, generation } = entry;
    try {
      const result = obstacleOf(entry, standing) ?? (await this.settler.settle(entry));
      if (result !== 'settled' && result !== 'salvaged') {
        return this.#tell(entry, result);
      }
      if (result === 'salvaged') {
        await this.spool.adopted({ id: entry.attempt });
      }
      this.log.info('An answer in the spool was brought to its end.', { attempt_id, generation });
    } catch (error) {
      const facts = { attempt_id, generation, ...errorFacts(error) };
      this.log.warn('An answer in the spool could not be stored; it is tried again.', facts);
    }
  }

  /** Once each: it will be so again at every pass. */
  #tell({ attempt, generation }: SpoolEntry, obstacle: Obstacle): void {
    const facts: LogFacts = { attempt_id: attempt, generation, reason: obstacle };
    if (!this.#told.has(`${attempt}/${obstacle}`)) {
      this.#told.add(`${attempt}/${obstacle}`);
      this.log.error(OBSTACLES[obstacle], facts);
    }
  }

  async #sweep(): Promise<void> {
    if (performance.now() - this.#sweptAt < SWEEP_EVERY_MS) {
      return;
    }
    this.#sweptAt = performance.now();
    const known = this.spool.longKnown();
    const standings = known.length === 0 ? new Map() : await this.standings.standings(known);
    await this.spool.forget(known.filter((id) => !standings.has(id)));
  }
}

/** Of a later generation the repository makes a spare; of an earlier one, or another credential, it must not hear. */
function obstacleOf(entry: SpoolEntry, standing: Standing | undefined): Obstacle | undefined {
  if (standing === undefined) {
    return 'gone';
  }
  if (standing.generation < entry.generation) {
    return 'outdated';
  }
  const isCurrent = standing.generation === entry.generation;
  return isCurrent && isOfEarlierCredential({ sentAt: entry.answeredAt ?? entry.sentAt }, standing.credentialStoredAt)
    ? 'replaced'
    : undefined;
}
