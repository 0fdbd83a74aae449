import { type AuditOrigin, type ChangeEvent, RecordedChanges } from '@app/audit';
import { BrokerError, type Secret } from '@app/common';
import { ApiKeyHashes } from '@app/crypto';
import type { Transaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { type ApiKey, parseApiKey } from './api-key.js';
import type { Role } from './caller.js';
import { NO_FIELDS } from './caller-record.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { CallersRepository } from './callers.repository.js';
import { KnownKeysRepository } from './known-keys.repository.js';
import { nameOfCaller, nameOfKey } from './subject.js';

const NAME = 'admin';
const SYSTEM: AuditOrigin = { actor: { type: 'system' } };

/** The way in to a database that nobody can administer yet. */
@Injectable()
export class FirstAdmin {
  constructor(
    private readonly changes: RecordedChanges,
    private readonly hashes: ApiKeyHashes,
    private readonly known: KnownKeysRepository,
  ) {}

  /**
   * Where no caller has the role admin: gives it to the caller `admin`, which is made if need be, and makes `text` one of
   * its keys. True if that happened; one replica of several that start at once does it. Throws `invalid_request` where `text`
   * is no API key, `conflict` where a key with its id exists.
   */
  async ensure(text: Secret): Promise<boolean> {
    const key = parseApiKey(text.reveal());
    if (key === undefined) {
      throw new BrokerError(
        'invalid_request',
        'BOOTSTRAP_ADMIN_KEY is not an API key, or a character of it changed: make one with "claviger api-key generate".',
      );
    }
    if (await this.known.hasAdmin()) {
      return false;
    }
    return this.changes.change(SYSTEM, 'none', async (transaction, now) => {
      // Another replica may have been first.
      if (await hasAdmin(transaction)) {
        return { result: false, events: [] };
      }
      return { result: true, events: await this.create(transaction, key, now) };
    });
  }

  private async create(
    transaction: Transaction,
    { keyId, secret }: ApiKey,
    now: Date,
  ): Promise<readonly ChangeEvent[]> {
    const callers = new CallersRepository(transaction);
    const keys = new ApiKeysRepository(transaction);
    if (await keys.exists(keyId)) {
      throw new BrokerError(
        'conflict',
        `No caller has the role admin, and the key ${keyId} of BOOTSTRAP_ADMIN_KEY was used before: make a fresh one with "claviger api-key generate".`,
      );
    }
    const before = await callers.find(NAME);
    const roles: readonly Role[] = [...(before?.roles ?? []), 'admin'];
    const fields = { ...NO_FIELDS, ...before, roles };
    await (before === undefined ? callers.insert(NAME, fields, now) : callers.update(NAME, fields, now));
    await keys.insert({ keyId, caller: NAME, hash: this.hashes.hash(secret), expiresAt: null }, now);
    const action = before === undefined ? 'caller.created' : 'caller.updated';
    return [
      { action, reason: nameOfCaller(NAME), fields: ['roles'] },
      { action: 'key.issued', reason: nameOfKey(NAME, keyId) },
    ];
  }
}

const hasAdmin = (transaction: Transaction): Promise<boolean> => new CallersRepository(transaction).hasAdmin();
