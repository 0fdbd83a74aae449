import { VerificationRepository } from '@app/audit';
import { BrokerError } from '@app/common';
import { readConfig } from '@app/config';
import { Database } from '@app/database';
import type { Terminal } from './terminal.js';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Prints all checkpoints of the database. @throws BrokerError where it cannot be read. */
export async function printCheckpoints(environment: Environment, { out }: Terminal): Promise<void> {
  const database = openDatabase(environment);
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
export function openDatabase({ DATABASE_URL: url }: Environment): Database {
  if (url === undefined) {
    throw new BrokerError('invalid_request', 'Set DATABASE_URL to the database of the log.');
  }
  // An auditor has no key file and no other setting of a broker.
  return new Database(readConfig({ DATABASE_URL: url }));
}
