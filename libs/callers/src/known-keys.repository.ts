import { Database, ROWS_WITHIN_MS } from '@app/database';
import { Injectable } from '@nestjs/common';
import { CALLER_COLUMNS, type CallerRow, toCaller } from './caller-row.js';
import type { KnownKey } from './known-key.js';
import type { KeySource } from './known-keys.js';
import type { LastUseStore } from './last-uses.js';

const FIND_KEY = `
select k.hash, k.revoked_at is not null as revoked, k.expires_at, ${CALLER_COLUMNS}
from api_keys k join callers c on c.name = k.caller
where k.key_id = $1`;

/** Replicas note uses each by itself; the row changes at most once a minute all the same. */
const RECORD_USE = `
update api_keys set last_used_at = now()
where key_id = any($1) and (last_used_at is null or last_used_at < now() - interval '1 minute')`;

const HAS_ADMIN = `select exists (select from callers where 'admin' = any(roles)) as present`;

interface Row extends CallerRow {
  readonly hash: Uint8Array;
  readonly revoked: boolean;
  readonly expires_at: Date | null;
}

/** Keys as authentication sees them: one statement by primary key. */
@Injectable()
export class KnownKeysRepository implements KeySource, LastUseStore {
  constructor(private readonly database: Database) {}

  async findKey(keyId: string): Promise<KnownKey | undefined> {
    const found = { name: 'find-api-key', text: FIND_KEY, values: [keyId], withinMs: ROWS_WITHIN_MS };
    const [row] = await this.database.query<Row>(found);
    return row === undefined ? undefined : toKnownKey(keyId, row);
  }

  /** Whether anybody could administer, asked without loading what administrative changes need: every start asks. */
  async hasAdmin(): Promise<boolean> {
    const [row] = await this.database.query<{ present: boolean }>({ name: 'has-admin', text: HAS_ADMIN, values: [] });
    return row?.present === true;
  }

  async recordUse(keyIds: readonly string[]): Promise<void> {
    await this.database.query({ name: 'record-api-key-use', text: RECORD_USE, values: [keyIds] });
  }
}

const toKnownKey = (keyId: string, row: Row): KnownKey => ({
  hash: row.hash,
  revoked: row.revoked,
  expiresAt: row.expires_at?.getTime(),
  callerExpiresAt: row.caller_expires_at?.getTime(),
  caller: toCaller(row, keyId),
});
