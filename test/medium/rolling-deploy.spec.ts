import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { readShape, type Shape } from '../support/previous-version/shape.js';

/** What the released version asks, and the schema that it had: `npm run statements:record` writes it at a release. */
const previous = JSON.parse(readFileSync('test/support/previous-version/recorded.json', 'utf8')) as Shape & {
  readonly version: string;
  readonly statements: readonly string[];
};

/**
 * New rules of tables that the previous version writes to, each with the reason why none of its rows is refused by it. Empty again
 * after each release.
 */
const HARMLESS: ReadonlyMap<string, string> = new Map(
  ['connections', 'providers'].map((table) => [
    `${table}: CHECK (((confirmed_hosts IS NOT NULL) AND (unconfirmed_hosts IS NOT NULL)))`,
    'provider_hosts: both columns have a default, and the previous version names neither.',
  ]),
);

/**
 * Tables that a migration took from the previous version on purpose, with the reason. While its replicas run beside new ones, what
 * they do with these fails. Empty again after each release.
 */
const TAKEN: ReadonlyMap<string, string> = new Map(
  ['audit_events', 'audit_streams'].map((table) => [
    table,
    'audit_trust: the log is a chain, and a writer that knows of none must fail closed (503 audit_unavailable). Nothing was released before.',
  ]),
);

let client: Client;

beforeAll(async () => {
  client = new Client({ connectionString: process.env['DATABASE_URL'] });
  await client.connect();
});

afterAll(() => client.end());

const tableOf = (name: string): string => name.split(/[.:]/)[0] ?? '';
const knownTables = new Set(previous.columns.map(({ name }) => tableOf(name)).filter((table) => !TAKEN.has(table)));
const statements = previous.statements.filter((text) => ![...TAKEN.keys()].some((table) => text.includes(table)));

/** Statements that Postgres does not take any more, with what it says. */
async function brokenStatements(): Promise<string[]> {
  const broken: string[] = [];
  for (const statement of statements) {
    await client.query('savepoint before');
    await client.query(`prepare asked as ${statement}`).catch((error: unknown) => {
      broken.push(`${(error as Error).message}: ${statement}`);
    });
    // Undoes no PREPARE, but a failed one would have ended the transaction.
    await client.query('rollback to savepoint before');
    await client.query('deallocate all');
  }
  return broken;
}

/** Columns without which a row of the previous version is not taken any more, or that hold something else now. */
async function strictColumns(): Promise<string[]> {
  const before = new Map(previous.columns.map((column) => [column.name, column]));
  const { columns } = await readShape(client);
  return columns
    .filter(({ name, type, nullable, filled }) => {
      const old = before.get(name);
      const mayBeMissing = nullable || filled;
      return old === undefined
        ? knownTables.has(tableOf(name)) && !mayBeMissing
        : knownTables.has(tableOf(name)) &&
            (old.type !== type || (old.nullable && !nullable) || (old.filled && !mayBeMissing));
    })
    .map(({ name }) => name);
}

async function newRules(): Promise<string[]> {
  const { rules } = await readShape(client);
  return rules.filter(
    (rule) => knownTables.has(tableOf(rule)) && !previous.rules.includes(rule) && !HARMLESS.has(rule),
  );
}

/** What a check finds while this change is made, which is then undone. */
async function during<Result>(change: string, check: () => Promise<Result>): Promise<Result> {
  await client.query('begin');
  try {
    await client.query(change);
    return await check();
  } finally {
    await client.query('rollback');
  }
}

describe(`the schema, while replicas of version ${previous.version} still run`, () => {
  it('should take all that they ask', async () => {
    expect(statements.length).toBeGreaterThan(70);
    expect(await during('select 1', brokenStatements)).toEqual([]);
  });

  it('should need nothing that they do not write, and hold what they read', async () => {
    expect(await strictColumns()).toEqual([]);
  });

  it('should refuse no row that they write', async () => {
    expect(await newRules()).toEqual([]);
  });
});

describe('a migration that replicas of the previous version cannot live with', () => {
  it('should be found where it takes something away', async () => {
    const broken = await during('alter table connections rename column refresh_at to due_at', brokenStatements);
    expect(broken.length).toBeGreaterThan(3);
    expect(broken[0]).toContain('refresh_at');
  });

  it.each([
    ['a new column that must be given', 'alter table callers add column owner text not null', 'callers.owner'],
    [
      'a column that must be given now',
      'alter table callers alter column expires_at set not null',
      'callers.expires_at',
    ],
    ['another type', 'alter table callers alter column description type varchar', 'callers.description'],
    [
      'a default that is gone',
      'alter table connections alter column consecutive_failures drop default',
      'connections.consecutive_failures',
    ],
  ])('should be found where it adds %s', async (_what, change, column) => {
    expect(await during(change, strictColumns)).toEqual([column]);
  });

  it.each([
    ['a check', "alter table callers add check (description <> '') not valid", 'callers: CHECK'],
    ['a unique index', 'create unique index one_description on callers (description)', 'callers: UNIQUE'],
    [
      'a trigger',
      'create trigger noted before insert on callers for each row execute function suppress_redundant_updates_trigger()',
      'callers: TRIGGER noted',
    ],
  ])('should be found where it adds %s', async (_what, change, rule) => {
    expect(await during(change, newRules)).toEqual([expect.stringContaining(rule)]);
  });

  it('should not be one that only adds what may be left out', async () => {
    const change = `alter table callers add column owner text, add column since timestamptz not null default now();
      create table unheard_of (id int primary key, what text not null)`;
    expect(await during(change, strictColumns)).toEqual([]);
    expect(await during(change, newRules)).toEqual([]);
    expect(await during(change, brokenStatements)).toEqual([]);
  });
});
