import type { ClientBase, Pool } from 'pg';

/** The whole schema of the strategies: the last three columns are the lease's. */
export const SCHEMA = `
  create table accounts (
    id text primary key,
    token_url text not null,
    client_id text not null,
    client_secret text not null,
    refresh_token text not null,
    access_token text not null,
    expires_at timestamptz not null,
    fence bigint not null default 0,
    leased_until timestamptz not null default '-infinity'
  )`;

/** An account at a provider, as a strategy reads it. */
export interface Account {
  readonly id: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly accessToken: string;
  readonly secondsLeft: number;
}

/** What a refresh brings. */
export interface Tokens {
  readonly accessToken: string;
  /** Absent where the provider keeps the one that it was asked with. */
  readonly refreshToken: string | undefined;
  readonly expiresIn: number;
}

type Queryable = Pick<ClientBase, 'query'> | Pick<Pool, 'query'>;

const COLUMNS = `
  id, token_url as "tokenUrl", client_id as "clientId", client_secret as "clientSecret",
  refresh_token as "refreshToken", access_token as "accessToken",
  extract(epoch from expires_at - clock_timestamp())::float8 as "secondsLeft"`;

/** The account's row. @throws Error where there is none. */
export const readAccount = (db: Queryable, id: string): Promise<Account> =>
  one(db, `select ${COLUMNS} from accounts where id = $1`, id);

/** The account's row, locked until the transaction ends. @throws Error where there is none. */
export const lockAccount = (db: Queryable, id: string): Promise<Account> =>
  one(db, `select ${COLUMNS} from accounts where id = $1 for update`, id);

async function one(db: Queryable, text: string, id: string): Promise<Account> {
  const { rows } = await db.query<Account>(text, [id]);
  if (rows[0] === undefined) {
    throw new Error(`There is no account ${id}.`);
  }
  return rows[0];
}

/** Replaces the account's tokens; a refresh token that did not come back is kept. */
export async function storeTokens(db: Queryable, id: string, tokens: Tokens): Promise<void> {
  await db.query(
    `update accounts set access_token = $2, refresh_token = coalesce($3, refresh_token),
       expires_at = clock_timestamp() + make_interval(secs => $4)
     where id = $1`,
    [id, tokens.accessToken, tokens.refreshToken ?? null, tokens.expiresIn],
  );
}

/** The lease's fence where nobody holds the account, else undefined. */
export async function takeLease(db: Queryable, id: string, leaseMs: number): Promise<string | undefined> {
  const { rows } = await db.query<{ fence: string }>(
    `update accounts set fence = fence + 1, leased_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
     where id = $1 and leased_until < clock_timestamp()
     returning fence`,
    [id, leaseMs],
  );
  return rows[0]?.fence;
}

/** As `storeTokens`, and gives the lease back; false where another one was taken meanwhile: then nothing is stored. */
export async function storeUnderFence(db: Queryable, id: string, fence: string, tokens: Tokens): Promise<boolean> {
  const { rowCount } = await db.query(
    `update accounts set access_token = $3, refresh_token = coalesce($4, refresh_token),
       expires_at = clock_timestamp() + make_interval(secs => $5), leased_until = '-infinity'
     where id = $1 and fence = $2`,
    [id, fence, tokens.accessToken, tokens.refreshToken ?? null, tokens.expiresIn],
  );
  return rowCount === 1;
}

/** Gives the lease back where it is still ours. */
export async function freeLease(db: Queryable, id: string, fence: string): Promise<void> {
  await db.query(`update accounts set leased_until = '-infinity' where id = $1 and fence = $2`, [id, fence]);
}
