import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '@app/audit';
import { errorFacts, Log } from '@app/common';
import { ProviderRegistry, traitsOf } from '@app/providers';
import { type DatabaseIdentity, isSameDatabase } from '../spool/spool-entry.js';
import { Spool } from '../spool/spool.js';
import { type ConfiguredConnection, type Look, RestoreRepository } from './restore.repository.js';

const BATCH = 5000;
/** Epochs go on so far above the highest one seen: another replica may have seen a few more. */
const EPOCH_MARGIN = 1000;

/** After so long without a look, the database may have been another one meanwhile. */
const QUIET_MS = 3000;

/** Why a database is not the one that it was. */
export type RestoreReason = 'other_cluster' | 'other_timeline' | 'older_epoch' | 'older_generation';

/**
 * Finds out that the database is an older state of itself: a restored dump or snapshot, a recovery to a point in time, a promoted
 * standby that lagged. Its one-time credentials may have been used since, so they are quarantined and none is sent.
 */
@Injectable()
export class RestoreGuard {
  #checking: Promise<void> | undefined;
  #failing = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly restores: RestoreRepository,
    @Inject(Spool) private readonly spool: Pick<Spool, 'knownEpochs' | 'newest' | 'follow'>,
    private readonly registry: ProviderRegistry,
    private readonly audit: AuditLog,
    @Inject(Log) private readonly log: Log,
  ) {}

  /**
   * Resolves when the database is the one that it was, or when all that must not be sent is quarantined.
   * @throws BrokerError `storage_unavailable` or `audit_unavailable`; nothing one-shot is sent then, and it is to be tried again.
   */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** For the change feed: looks, and lets a quarantine go on behind it. Never rejects. */
  async onTick(): Promise<void> {
    if (this.#checking !== undefined) {
      return;
    }
    const wasQuiet = performance.now() - this.#lookedAt > QUIET_MS;
    try {
      const { look, highest } = await this.#look();
      if (reasonOf(look, highest) === undefined && !wasQuiet) {
        await this.spool.follow({ database: look.actual, epoch: look.epoch });
      } else {
        this.suspect();
      }
      this.#failing = false;
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Somebody met a sign of an older database: it is looked at closely. Never throws. */
  suspect(): void {
    void this.check().catch((error: unknown) => this.#tell(error));
  }

  /** Why this database is not the one that it was; undefined where it is. Changes nothing. */
  async findReason(): Promise<RestoreReason | undefined> {
    const { look, highest } = await this.#look();
    return reasonOf(look, highest) ?? (await this.#olderGeneration());
  }

  /** Once, until it works again. */
  #tell(error: unknown): void {
    if (!this.#failing) {
      this.#failing = true;
      this.log.error('It cannot be checked whether the database was restored; it is tried again.', errorFacts(error));
    }
  }

  async #check(): Promise<void> {
    const { look, highest } = await this.#look();
    const reason = reasonOf(look, highest) ?? (await this.#olderGeneration());
    if (reason === undefined) {
      return this.spool.follow({ database: look.actual, epoch: look.epoch });
    }
    if (isSameDatabase(look.held, look.actual) || look.held === null) {
      await this.restores.distrust(Math.max(highest, look.epoch + 1), EPOCH_MARGIN);
    }
    await this.#quarantineAll();
    await this.#finish(look.actual, reason);
  }

  /** What this replica knew is taken before the question: what it learns meanwhile is no sign of an older database. */
  async #look(): Promise<{ readonly look: Look; readonly highest: number }> {
    const known = this.spool.knownEpochs();
    const look = await this.restores.look();
    this.#lookedAt = performance.now();
    return { look, highest: known.of(look.actual) };
  }

  /** A cluster that comes back from a snapshot may have skipped some epochs ahead: what connections hold is compared, too. */
  async #olderGeneration(): Promise<RestoreReason | undefined> {
    const newest = this.spool.newest();
    for (let from = 0; from < newest.length; from += BATCH) {
      if (await this.restores.holdsOlder(newest.slice(from, from + BATCH))) {
        return 'older_generation';
      }
    }
    return undefined;
  }

  async #quarantineAll(): Promise<void> {
    let after: string | undefined;
    let count = 0;
    for (;;) {
      const page = await this.restores.page(after, BATCH);
      const rotating = page.filter((connection) => this.#rotates(connection)).map(({ id }) => id);
      count += rotating.length === 0 ? 0 : await this.restores.quarantine(rotating);
      after = page.at(-1)?.id;
      if (page.length < BATCH) {
        return;
      }
      this.log.warn('Connections with one-time credentials are being quarantined.', { count });
    }
  }

  async #finish(actual: DatabaseIdentity, reason: RestoreReason): Promise<void> {
    let quarantined = 0;
    const finished = await this.restores.finish(actual, async (count) => {
      quarantined = count;
      const actor = { type: 'system' } as const;
      await this.audit.append({
        action: 'database.restored',
        outcome: 'ok',
        actor,
        reason: `${reason} quarantined=${count}`,
      });
    });
    if (finished) {
      this.log.error(
        'The database was restored from a backup, or a standby was promoted: connections with one-time credentials are ' +
          'quarantined and only serve the tokens they hold. Run "claviger reconcile --spool <folder of each replica>".',
        { reason, count: quarantined },
      );
    }
    const { epoch } = await this.restores.look();
    await this.spool.follow({ database: actual, epoch });
  }

  /** A type that is not known any more counts as one that punishes a repeat. */
  #rotates({ type, settings }: ConfiguredConnection): boolean {
    const provider = this.registry.find(type);
    return provider === undefined || traitsOf(provider, settings).rotation !== 'static';
  }
}

function reasonOf({ actual, held, epoch }: Look, highest: number): RestoreReason | undefined {
  if (held?.systemIdentifier === '') {
    return 'older_epoch';
  }
  if (!isSameDatabase(held, actual)) {
    return held?.systemIdentifier === actual.systemIdentifier ? 'other_timeline' : 'other_cluster';
  }
  return epoch < highest ? 'older_epoch' : undefined;
}
