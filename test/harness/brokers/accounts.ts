import type { IssuedGrant } from '../upstream/contract.js';
import type { BrokerAnswer, Replica } from './replica.js';

const AT_ONCE = 16;

/** What is told beside the grant. */
export interface ConnectOptions {
  /** Whether the broker is given the first access token; without one the connection is due at once. True unless told. */
  readonly token?: boolean;
  /** Settings of the connection. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

async function require(status: readonly number[], answer: Promise<BrokerAnswer>): Promise<BrokerAnswer['body']> {
  const { status: given, body } = await answer;
  if (!status.includes(given)) {
    throw new Error(`The broker answered ${given}: ${JSON.stringify(body)}`);
  }
  return body;
}

/** Configures a provider of type `oauth2` for the client that a grant belongs to. */
export async function configureProvider(
  replica: Replica,
  provider: string,
  grant: IssuedGrant,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { tokenUrl, clientId, clientSecret, kind, graceSeconds, introspectionUrl } = grant;
  const body = {
    type: 'oauth2',
    settings: {
      token_url: tokenUrl,
      client_id: clientId,
      rotation: kind,
      ...(kind === 'grace' ? { grace_seconds: graceSeconds } : {}),
      ...(introspectionUrl === undefined ? {} : { introspection_url: introspectionUrl }),
      ...settings,
    },
    secrets: { client_secret: clientSecret },
  };
  await require([200, 201], replica.ask('PUT', `/admin/providers/${provider}`, body));
}

/** Makes a connection for a grant. */
export async function connect(
  replica: Replica,
  provider: string,
  name: string,
  grant: IssuedGrant,
  { token = true, settings = {} }: ConnectOptions = {},
): Promise<void> {
  const held = { access_token: grant.accessToken, expires_at: grant.accessTokenExpiresAt };
  const body = { settings, credential: { refresh_token: grant.refreshToken }, ...(token ? { token: held } : {}) };
  await require([201], replica.ask('PUT', `/admin/providers/${provider}/connections/${name}`, body));
}

/** Makes a connection for each grant, named `<prefix>-1`, `<prefix>-2` …; returns the names. */
export async function connectMany(
  replica: Replica,
  provider: string,
  prefix: string,
  grants: readonly IssuedGrant[],
  options?: ConnectOptions,
): Promise<readonly string[]> {
  const names = grants.map((_, index) => `${prefix}-${index + 1}`);
  const waiting = grants.entries();
  const work = async (): Promise<void> => {
    for (const [index, grant] of waiting) {
      await connect(replica, provider, names[index] as string, grant, options);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return names;
}

/** Asks for a token as a service does. */
export const askToken = (replica: Replica, provider: string, name: string, minTtl = 0): Promise<BrokerAnswer> =>
  replica.ask('GET', `/providers/${provider}/token?connection=${name}&min_ttl=${minTtl}`);

/** Tells the broker that the token of a generation was refused: it refreshes unless there is a newer one. */
export const reportRejected = (
  replica: Replica,
  provider: string,
  name: string,
  generation: number,
): Promise<BrokerAnswer> =>
  replica.ask('POST', `/providers/${provider}/token`, { connection: name, rejected_generation: generation });

/** Has an administrator refresh it now. */
export const refreshNow = (replica: Replica, provider: string, name: string): Promise<BrokerAnswer> =>
  replica.ask('POST', `/admin/providers/${provider}/connections/${name}/refresh`);
