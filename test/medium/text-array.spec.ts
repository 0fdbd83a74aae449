import { textArray } from '@app/database';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Client } from 'pg';
import { libraryConfig } from '../support/library.js';

const read = async (client: Client, given: readonly (string | null)[]): Promise<unknown> => {
  const text = 'SELECT array_to_json($1::text[]) AS json';
  const { rows } = await client.query<{ json: unknown }>({ name: 'echo', text, values: [textArray(given)] });
  return rows[0]?.json;
};

describe(textArray.name, () => {
  let client: Client;

  beforeAll(async () => {
    client = new Client({ connectionString: libraryConfig.databaseUrl?.reveal() });
    await client.connect();
  });

  afterAll(() => client.end());

  it('should be to Postgres what was given: empty arrays, nulls, text of every kind', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 }).map((given) => given.replaceAll('\0', ''));
    const values = fc.array(fc.oneof(text, fc.constant(null), fc.constantFrom('', '{}', '"\\', 'NULL', '漢😀\n')));
    await fc.assert(
      fc.asyncProperty(values, async (given) => expect(await read(client, given)).toEqual(given)),
      { numRuns: 300 },
    );
  });
});
