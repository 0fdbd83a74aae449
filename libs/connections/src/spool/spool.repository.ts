import { Injectable } from '@nestjs/common';
import { Database } from '@app/database';

/** Where a connection stands, to compare what the spool holds with. */
export interface Standing {
  readonly generation: number;
  /** Epoch ms of the database's clock. */
  readonly credentialStoredAt: number;
}

/** Asks for the current rows of the connections that a spool names. */
@Injectable()
export class SpoolRepository {
  constructor(private readonly database: Database) {}

  /** By id; a connection that does not exist any more is left out. */
  async standings(ids: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
    const rows = await this.database.query<{ id: string; generation: number; credential_updated_at: Date }>({
      name: 'spool-standings',
      text: 'select id, generation, credential_updated_at from connections where id = any($1::uuid[])',
      values: [ids],
    });
    return new Map(
      rows.map(({ id, generation, credential_updated_at: storedAt }) => [
        id,
        { generation, credentialStoredAt: storedAt.getTime() },
      ]),
    );
  }
}
