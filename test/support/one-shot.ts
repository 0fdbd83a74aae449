import { compileRule, type Caller } from '@app/callers';
import {
  AttemptsRepository,
  type Connection,
  ConnectionService,
  type OpenAttempt,
  ProviderService,
} from '@app/connections';
import { newAttempt, open } from './connections.js';
import { sql } from './test-database.js';
import { SYSTEM, type TokenReplica } from './token-replica.js';

/** How a connection of the type `oauth2` is set up. */
export interface OAuthSetup {
  /** Settings of the provider, over the plain case with strict rotation. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Name of a provider that is there already; else it gets one of its own. */
  readonly provider?: string;
  /** Fields of its own credential beside the refresh token. */
  readonly credential?: Readonly<Record<string, string>>;
  /** Settings of its own. */
  readonly own?: Readonly<Record<string, unknown>>;
  /** Milliseconds that the token which it starts with still lives; null: it has none. */
  readonly livesMs?: number | null;
}

/** Whoever asks for tokens of any connection. */
export const ANYBODY: Caller = {
  name: 'billing',
  keyId: 'billingkey01',
  roles: [],
  rules: [compileRule('*/*')],
};

let made = 0;

/** Configures a provider with a shared client secret, whose refresh tokens can be used once. Returns its name. */
export async function newOAuthProvider(
  { module }: TokenReplica,
  settings: OAuthSetup['settings'] = {},
): Promise<string> {
  made += 1;
  const name = `oauth-${made}`;
  const plain = { token_url: 'https://as.example/token', client_id: 'claviger', rotation: 'strict' };
  const input = { type: 'oauth2', settings: { ...plain, ...settings }, secrets: { client_secret: 'client-secret' } };
  await module.get(ProviderService).put(SYSTEM, name, input);
  return name;
}

/** Stores a connection in its first generation, with the refresh token `refresh-1` and the access token `access-1`. */
export async function newOAuthConnection(replica: TokenReplica, setup: OAuthSetup = {}): Promise<Connection> {
  const { livesMs = 600_000, credential = {}, own = {} } = setup;
  const provider = setup.provider ?? (await newOAuthProvider(replica, setup.settings));
  made += 1;
  const connection = `o-${made}`;
  const token = livesMs === null ? undefined : { accessToken: 'access-1', expiresAt: new Date(Date.now() + livesMs) };
  const input = { settings: own, credential: { refresh_token: 'refresh-1', ...credential }, token };
  await replica.module.get(ConnectionService).put(SYSTEM, { provider, connection }, input);
  return replica.find(provider, connection);
}

/** Opens an attempt of a one-shot refresh and marks it as sent: what a holder did that was killed, or frozen, afterwards. */
export async function sendOneShot(replica: TokenReplica, { id, generation }: Connection): Promise<OpenAttempt> {
  const attempt = await open(replica, newAttempt(id, { generation, oneShot: true, irretrievable: true }));
  if (!(await replica.module.get(AttemptsRepository).markSent(attempt))) {
    throw new Error('The attempt cannot be marked as sent.');
  }
  return attempt;
}

/** So much time passes since everything that was sent, answered and planned for this connection; its token does not age. */
export async function timePasses(id: string, seconds: number): Promise<void> {
  const by = `$2 * interval '1 second'`;
  await sql(
    `update attempts set opened_at = opened_at - ${by}, sent_at = sent_at - ${by}, closed_at = closed_at - ${by}
     where connection_id = $1`,
    [id, seconds],
  );
  await sql(
    `update connections set lease_expires_at = lease_expires_at - ${by}, retry_at = retry_at - ${by}
     where id = $1`,
    [id, seconds],
  );
}

/** From now on the token lives so long. */
export const tokenLives = (id: string, seconds: number): Promise<object[]> =>
  sql(`update connections set token_expires_at = clock_timestamp() + $2 * interval '1 second' where id = $1`, [
    id,
    seconds,
  ]);

/** What the row says of its writes: it changes with each. */
export async function lastWriteOf(id: string): Promise<string> {
  const [row] = await sql<{ written_by: string }>('select xmin::text as written_by from connections where id = $1', [
    id,
  ]);
  return row?.written_by ?? '';
}
