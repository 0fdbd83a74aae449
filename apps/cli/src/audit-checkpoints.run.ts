import { VerificationRepository } from '@app/audit';
import { BrokerError } from '@app/common';
import type { Config } from '@app/config';
import { Database } from '@app/database';
import type { Terminal } from './terminal.js';

/** Prints all checkpoints of the database. @throws BrokerError where it cannot be read. */
export async function printCheckpoints(config: Config, { out }: Terminal): Promise<void> {
  const database = openDatabase(config);
  try {
    for await (const page of new VerificationRepository(database).checkpoints(0, undefined)) {
      const lines = page.map(({ body, signature }) =>
        JSON.stringify({ checkpoint: body, signature: signature.toString('base64') }),
      );
      out(lines.map((line) => `${line}\n`).join(''));
    }
  } finally {
    await database.close();
  }
}

/** The database that the environment names. @throws BrokerError where it names none. */
export function openDatabase(config: Config): Database {
  if (config.databaseUrl === undefined) {
    throw new BrokerError('storage_unavailable', 'Set DATABASE_URL to the database of the log.');
  }
  return new Database(config);
}
