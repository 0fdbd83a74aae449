import { type AuditOrigin, RecordedChanges } from '@app/audit';
import { invalidRequest, keyOfCursor, type Page, type PageRequest, type Secret, toPage } from '@app/common';
import { ApiKeyHashes } from '@app/crypto';
import { Injectable } from '@nestjs/common';
import { API_KEY_ID_PATTERN, newApiKey } from './api-key.js';
import type { ApiKeyRecord } from './caller-record.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { CallersRepository } from './callers.repository.js';
import { keepingAnAdmin } from './last-admin.js';
import { noSuchKey } from './refusals.js';
import { nameOfKey } from './subject.js';

/** A key that was just issued: the only moment at which its text is known. */
export interface IssuedKey {
  readonly keyId: string;
  readonly key: Secret;
  readonly expiresAt: Date | null;
}

/** API keys of callers. Every change is recorded before it is committed and binds at once here, within 2 s on other replicas. */
@Injectable()
export class ApiKeyService {
  constructor(
    private readonly changes: RecordedChanges,
    private readonly hashes: ApiKeyHashes,
  ) {}

  /**
   * A further key; those the caller has stay good, so that they can be replaced without a gap. Throws `not_found` where there
   * is no such caller, `invalid_request` where `expiresAt` has passed.
   */
  issue(origin: AuditOrigin, caller: string, expiresAt: Date | null): Promise<IssuedKey> {
    return this.changes.change(origin, 'none', async (transaction, now) => {
      await new CallersRepository(transaction).require(caller);
      if (expiresAt !== null && expiresAt <= now) {
        throw invalidRequest([{ field: 'expires_at', message: 'must be in the future' }]);
      }
      const { keyId, secret, text } = newApiKey();
      await new ApiKeysRepository(transaction).insert(
        { keyId, caller, hash: this.hashes.hash(secret.reveal()), expiresAt },
        now,
      );
      const fields = expiresAt === null ? [] : ['expires_at'];
      return {
        result: { keyId, key: text, expiresAt },
        events: [{ action: 'key.issued', reason: nameOfKey(caller, keyId), fields }],
      };
    });
  }

  /** Oldest first, the revoked among them. Throws `not_found` where there is no such caller. */
  list(caller: string, { limit, cursor }: PageRequest): Promise<Page<ApiKeyRecord>> {
    const after = cursor === undefined ? undefined : keyOfCursor(cursor, API_KEY_ID_PATTERN);
    return this.changes.read(async (transaction) => {
      await new CallersRepository(transaction).require(caller);
      const keys = new ApiKeysRepository(transaction);
      return toPage(await keys.listAfter(caller, after, limit + 1), limit, ({ keyId }) => keyId);
    });
  }

  /**
   * Does nothing where the key is revoked already. Throws `not_found` where the caller has no such key, `conflict` where it is the
   * last with which anybody could administer.
   */
  revoke(origin: AuditOrigin, caller: string, keyId: string): Promise<void> {
    return this.changes.change(origin, 'none', async (transaction, now) => {
      const keys = new ApiKeysRepository(transaction);
      const key = await keys.find(caller, keyId);
      if (key === undefined) {
        throw noSuchKey(caller, keyId);
      }
      if (key.revokedAt !== null) {
        return { result: undefined, events: [] };
      }
      await keepingAnAdmin(transaction, now, () => keys.revoke(keyId, now));
      return { result: undefined, events: [{ action: 'key.revoked', reason: nameOfKey(caller, keyId) }] };
    });
  }
}
