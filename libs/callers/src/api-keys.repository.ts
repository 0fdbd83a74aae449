import type { Transaction } from '@app/database';
import type { ApiKeyRecord } from './caller-record.js';

/** A key to store: its hash, never its secret. */
export interface HashedKey {
  readonly keyId: string;
  readonly caller: string;
  readonly hash: Uint8Array;
  readonly expiresAt: Date | null;
}

const SHOWN = { keyId: true, createdAt: true, expiresAt: true, revokedAt: true, lastUsedAt: true } as const;

/** The table `api_keys` as administration sees it, inside a transaction or out of one. */
export class ApiKeysRepository {
  constructor(private readonly client: Pick<Transaction, 'apiKey'>) {}

  async find(caller: string, keyId: string): Promise<ApiKeyRecord | undefined> {
    return (await this.client.apiKey.findUnique({ where: { keyId, caller }, select: SHOWN })) ?? undefined;
  }

  async exists(keyId: string): Promise<boolean> {
    return (await this.client.apiKey.findUnique({ where: { keyId }, select: { keyId: true } })) !== null;
  }

  /** Up to `count` keys of a caller that follow the key `after`, oldest first. */
  async listAfter(caller: string, after: string | undefined, count: number): Promise<readonly ApiKeyRecord[]> {
    return this.client.apiKey.findMany({
      where: { caller },
      orderBy: [{ createdAt: 'asc' }, { keyId: 'asc' }],
      ...(after === undefined ? {} : { cursor: { keyId: after }, skip: 1 }),
      take: count,
      select: SHOWN,
    });
  }

  async insert({ hash, ...key }: HashedKey, now: Date): Promise<void> {
    await this.client.apiKey.create({ data: { ...key, hash: Uint8Array.from(hash), createdAt: now } });
  }

  async revoke(keyId: string, now: Date): Promise<void> {
    await this.client.apiKey.update({ where: { keyId }, data: { revokedAt: now } });
  }
}
