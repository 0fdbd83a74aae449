import type { AttemptRequest, ConnectionInput, OpenAttempt } from '@app/connections';
import { AttemptsRepository, ConnectionService } from '@app/connections';
import { sql } from './test-database.js';
import { SYSTEM, type TokenReplica } from './token-replica.js';

/** A connection with an own refresh token, which no person can win back: Berbix with its secret at the connection. */
export const newInput = (overrides: Partial<ConnectionInput> = {}): ConnectionInput => ({
  settings: {},
  credential: { api_secret: 'secret_test_1', refresh_token: 'refresh-1' },
  ...overrides,
});

let made = 0;

/** Stores a connection of Berbix (or another provider) under a name of its own, in its first generation. */
export async function newConnection(
  { module, find }: TokenReplica,
  overrides: Partial<ConnectionInput> = {},
  provider = 'berbix',
) {
  made += 1;
  const connection = `c-${made}`;
  await module.get(ConnectionService).put(SYSTEM, { provider, connection }, newInput(overrides));
  return find(provider, connection);
}

/** What a caller wants of the first generation of a connection. */
export const newAttempt = (connectionId: string, overrides: Partial<AttemptRequest> = {}): AttemptRequest => ({
  connectionId,
  generation: 1,
  fence: '0',
  oneShot: false,
  irretrievable: false,
  step: 'refresh',
  trigger: 'caller',
  origin: SYSTEM,
  ignoreBackoff: false,
  ...overrides,
});

/** The request, decided on at the connection's fence as it is now. */
export const decidedNow = async (request: AttemptRequest): Promise<AttemptRequest> => ({
  ...request,
  fence: (await storedConnection(request.connectionId)).fence,
});

/** Opens an attempt that must be possible. */
export async function open(replica: TokenReplica, request: AttemptRequest): Promise<OpenAttempt> {
  const attempt = await replica.module.get(AttemptsRepository).open(await decidedNow(request));
  if (attempt === undefined) {
    throw new Error('The attempt cannot be opened.');
  }
  return attempt;
}

/** The time of a lease passes: its holder was paused, or is dead. */
export const expireLease = (id: string): Promise<object[]> =>
  sql(`update connections set lease_expires_at = clock_timestamp() - interval '1 second' where id = $1`, [id]);

/** A stored row of `connections`, as it stands there. */
export interface StoredConnection {
  readonly state: string;
  readonly generation: number;
  readonly credential: Buffer;
  readonly token: Buffer | null;
  readonly lease_holder: string | null;
  readonly lease_expires_at: Date | null;
  readonly retry_at: Date | null;
  readonly refresh_at: Date | null;
  readonly last_outcome: string | null;
  readonly consecutive_failures: number;
  readonly fence: string;
}

export async function storedConnection(id: string): Promise<StoredConnection> {
  const [row] = await sql<StoredConnection>('select * from connections where id = $1', [id]);
  if (row === undefined) {
    throw new Error(`No connection has the id ${id}.`);
  }
  return row;
}

/** A stored row of `attempts`, with the transaction that wrote it last. */
export interface StoredAttempt {
  readonly sent_at: Date | null;
  readonly id: string;
  readonly generation: number;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly recorded: boolean;
  readonly written_by: string;
}

/** The attempts of a connection, oldest first. */
export const storedAttempts = (connectionId: string): Promise<StoredAttempt[]> =>
  sql('select *, xmin::text as written_by from attempts where connection_id = $1 order by opened_at', [connectionId]);
