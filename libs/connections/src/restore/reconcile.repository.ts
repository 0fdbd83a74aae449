import { Injectable } from '@nestjs/common';
import { Database } from '@app/database';
import type { Candidate } from './knowledge.js';

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

interface Row {
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly state: Candidate['state'];
  readonly state_reason: string;
  readonly generation: number;
  readonly credential_updated_at: Date;
}

/** Finds the connections that wait to be reconciled. */
@Injectable()
export class ReconcileRepository {
  constructor(private readonly database: Database) {}

  /** Those that are quarantined, and those that lost a used credential, in the order of their ids, after the given one. */
  async page(after: string | undefined, limit: number): Promise<Candidate[]> {
    const rows = await this.database.query<Row>({
      name: 'reconcile-page',
      text: `select id, provider, name, state, state_reason, generation, credential_updated_at from connections
        where id > $1::uuid and (
          (state in ('uncertain', 'paused') and state_reason = 'database_restored')
          or (state = 'reauthorization_required' and state_reason = 'credential_used'))
        order by id limit $2`,
      values: [after ?? FIRST_ID, limit],
    });
    return rows.map((row) => ({
      id: row.id,
      provider: row.provider,
      connection: row.name,
      state: row.state,
      stateReason: row.state_reason,
      generation: row.generation,
      credentialStoredAt: row.credential_updated_at.getTime(),
    }));
  }
}
