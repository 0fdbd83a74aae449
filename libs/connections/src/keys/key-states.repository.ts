import type { Transaction } from '@app/database';
import type { KeyRecord } from './key-record.js';
import type { NewKey } from './keys.repository.js';

type Row = Pick<KeyRecord, 'id' | 'state' | 'wanted'>;

/** The states of keys, inside a transaction that holds them all: they change one after the other. */
export class KeyStatesRepository {
  private constructor(
    private readonly transaction: Transaction,
    readonly keys: readonly Row[],
  ) {}

  /** Nobody else changes a state until the transaction ends. */
  static async lock(transaction: Transaction): Promise<KeyStatesRepository> {
    const keys = await transaction.$queryRaw<Row[]>`
      select id, state, wanted_at is not null as wanted from encryption_keys order by id for update`;
    return new KeyStatesRepository(transaction, keys);
  }

  find(id: string): Row | undefined {
    return this.keys.find((key) => key.id === id);
  }

  /** False where the key is known already. */
  async add({ id, provider, reference, canary }: NewKey): Promise<boolean> {
    const count = await this.transaction.$executeRaw`
      insert into encryption_keys (id, provider, reference, state, canary)
      values (${id}, ${provider}, ${reference}, 'pending', ${new Uint8Array(canary)})
      on conflict (id) do nothing`;
    return count === 1;
  }

  /** From now on every replica proves whether it opens with the key, and it becomes the primary one when all do. */
  async want(id: string, now: Date): Promise<void> {
    const data = { wantedAt: now, state: 'pending', retiredAt: null };
    await this.transaction.encryptionKey.update({ where: { id }, data });
  }

  /** Nobody wants another primary key any more. */
  async wantNone(): Promise<void> {
    await this.transaction.encryptionKey.updateMany({ where: { wantedAt: { not: null } }, data: { wantedAt: null } });
  }

  /** Live replicas that have not proved yet that they open with the key. */
  async countBehind(id: string, replicaMs: number): Promise<number> {
    const [row] = await this.transaction.$queryRaw<{ count: number }[]>`
      select count(*)::int as count from replicas
      where seen_at > clock_timestamp() - ${replicaMs} * interval '1 millisecond' and not (${id} = any(opens))`;
    return row?.count ?? 0;
  }

  /** The key seals from now on; the one that did opens. */
  async promote(id: string, now: Date): Promise<void> {
    await this.transaction.encryptionKey.updateMany({ where: { state: 'primary' }, data: { state: 'decrypt_only' } });
    const data = { state: 'primary', promotedAt: now, wantedAt: null, rewrapped: 0, unreadable: 0 };
    await this.transaction.encryptionKey.update({ where: { id }, data });
  }

  async retire(id: string, now: Date): Promise<void> {
    await this.transaction.encryptionKey.update({ where: { id }, data: { state: 'retired', retiredAt: now } });
  }

  /** Something was written late with a retired key: it is needed again, until that is re-wrapped. */
  async reopen(id: string): Promise<void> {
    await this.transaction.encryptionKey.update({ where: { id }, data: { state: 'decrypt_only', retiredAt: null } });
  }
}
