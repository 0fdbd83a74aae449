import { Inject, Injectable } from '@nestjs/common';
import { Replica } from '@app/audit';
import { Config } from '@app/config';
import { Database } from '@app/database';
import type { KeyRecord, LiveReplica } from './key-record.js';
import {
  ALL_KEYS,
  BEAT,
  CLAIM,
  COUNT_REWRAPPED,
  COUNT_VALUES,
  END_PASS,
  HAS_VALUES,
  LEAVE,
  LIVE_REPLICAS,
  SEED,
} from './key.statements.js';
import { FIRST_ID, replaceSealed, type SealedColumn, sealedWith } from './sealed-columns.js';

/** A key that is about to be written down. */
export type NewKey = Pick<KeyRecord, 'id' | 'provider' | 'reference' | 'state' | 'canary'>;

/** One envelope in a row. */
export interface SealedRow {
  readonly row: string;
  readonly generation: number;
  readonly sealed: Buffer;
}

/** An envelope in a row, and what is to take its place. */
export interface RewrappedRow extends SealedRow {
  readonly rewrapped: Buffer;
}

/** What a replica says of itself. */
export interface Beat {
  readonly opens: readonly string[];
  readonly sealsWith: string;
  readonly spooledWith: readonly string[];
}

/** The keys that all replicas share, the replicas that live, and what is sealed with which key. */
@Injectable()
export class KeysRepository {
  constructor(
    private readonly database: Database,
    @Inject(Replica) private readonly replica: string,
    @Inject(Config) private readonly config: Config,
  ) {}

  /** Oldest first. */
  all(): Promise<KeyRecord[]> {
    return this.database.query<KeyRecord>({ ...ALL_KEYS, values: [] });
  }

  /** Writes the first keys down. Without effect where somebody did so before. */
  async seed(keys: readonly NewKey[]): Promise<void> {
    const values = (['id', 'provider', 'reference', 'state', 'canary'] as const).map((name) =>
      keys.map((key) => key[name]),
    );
    await this.database.query({ ...SEED, values });
  }

  /** This replica lives, and can do this. */
  async beat({ opens, sealsWith, spooledWith }: Beat): Promise<void> {
    await this.database.query({ ...BEAT, values: [this.replica, opens, sealsWith, spooledWith] });
  }

  /** This replica ends; nobody waits for it. */
  async leave(): Promise<void> {
    await this.database.query({ ...LEAVE, values: [this.replica] });
  }

  /** In the order of their start. */
  liveReplicas(): Promise<LiveReplica[]> {
    return this.database.query<LiveReplica>({ ...LIVE_REPLICAS, values: [this.config.timing.replicaMs] });
  }

  /** How many stored values are sealed with the key. */
  async countValues(id: string): Promise<number> {
    const [row] = await this.database.query<{ count: number }>({ ...COUNT_VALUES, values: [Buffer.from(id)] });
    return row?.count ?? 0;
  }

  async hasValues(id: string): Promise<boolean> {
    const [row] = await this.database.query<{ found: boolean }>({ ...HAS_VALUES, values: [Buffer.from(id)] });
    return row?.found === true;
  }

  /** True where this replica is the one that re-wraps what the key sealed, for a while from now. */
  async claim(id: string): Promise<boolean> {
    const rows = await this.database.query({ ...CLAIM, values: [id, this.replica, this.config.timing.replicaMs] });
    return rows.length === 1;
  }

  /** Up to `limit` rows whose value is sealed with the key, after the given one, in the order of their ids. */
  page(column: SealedColumn, id: string, after: string | undefined, limit: number): Promise<SealedRow[]> {
    const values = [Buffer.from(id), after ?? FIRST_ID[column.type], limit];
    return this.database.query<SealedRow>({ ...sealedWith(column), values });
  }

  /** How many of them were replaced: those that stand as they were read, and that nobody holds. */
  async replace(column: SealedColumn, rows: readonly RewrappedRow[]): Promise<number> {
    const values = [
      rows.map(({ row }) => row),
      rows.map(({ sealed }) => sealed),
      rows.map(({ rewrapped }) => rewrapped),
    ];
    return (await this.database.query({ ...replaceSealed(column), values })).length;
  }

  async countRewrapped(id: string, count: number): Promise<void> {
    await this.database.query({ ...COUNT_REWRAPPED, values: [id, count] });
  }

  /** A pass over everything that the key sealed is through. */
  async endPass(id: string, unreadable: number): Promise<void> {
    await this.database.query({ ...END_PASS, values: [id, unreadable] });
  }
}
