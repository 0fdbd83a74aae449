import { Injectable } from '@nestjs/common';
import { ChangeFeed, type Touched } from '@app/database';
import { type ChangedConnection, ConnectionsRepository } from './connections.repository.js';

/** Changes of so many seconds before are told again, so that one whose commit took long is not missed. */
const OVERLAP_SECONDS = 5;
/** More than this can hardly be told in the time between two looks: ten thousand refreshes a second. */
const MOST_AT_ONCE = 50_000;

/** Tells caches of connections what to forget: what another replica renewed, and what an administrative change touched anywhere. */
@Injectable()
export class ConnectionFeed {
  constructor(
    private readonly changes: ChangeFeed,
    private readonly connections: ConnectionsRepository,
  ) {}

  /** `listener` is called at an administrative change here or elsewhere, with how to learn which connections it touched. */
  onChange(listener: (touched: () => Promise<Touched>) => void): void {
    this.changes.onChange(listener);
  }

  /**
   * `listener` is called about once a second with what was renewed, or changed otherwise, since it was called before; undefined means
   * too much to tell, or that nobody knows.
   * Nobody is asked, and nothing told, while it does not want to hear: a replica that holds nothing need not know what others do.
   */
  onRenewed(
    listener: (changed: readonly ChangedConnection[] | undefined) => void,
    wants: () => boolean = () => true,
  ): void {
    this.changes.onTick(async (quietMs) => {
      if (wants()) {
        listener(quietMs === undefined ? undefined : await this.#renewedSince(quietMs / 1000));
      }
    });
  }

  async #renewedSince(seconds: number): Promise<readonly ChangedConnection[] | undefined> {
    const changed = await this.connections.changedWithin(seconds + OVERLAP_SECONDS, MOST_AT_ONCE);
    return changed.length < MOST_AT_ONCE ? changed : undefined;
  }

  /** Milliseconds for which the database has been heard without interruption. */
  currentForMs(): number {
    return this.changes.currentForMs();
  }

  /** False where changes might have been missed: caches are read through then. */
  isCurrent(): boolean {
    return this.changes.isCurrent();
  }
}
