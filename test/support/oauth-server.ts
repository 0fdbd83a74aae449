import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { OAuthStore } from './oauth-store.js';

/** How a client proves itself, by the names of its registration (RFC 7591). */
export type AuthMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';

/** A certified OAuth server with one client of each kind, which rotates refresh tokens and notices their reuse. */
export interface OAuthServer {
  readonly issuer: string;
  /** The key of the client that signs for itself, in PEM. */
  readonly privateKey: string;
  /** A refresh token of a grant that someone has consented to. */
  refreshTokenFor(client: AuthMethod): Promise<string>;
  close(): void;
}

/** A secret with everything that an encoding could get wrong. */
export const SECRET = 'S3cret:+/=%&? #~*-that is long enough';

/** Starts one on a free port. The id of a client is that of its kind, with a colon in it. */
export async function startOAuthServer(): Promise<OAuthServer> {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, configuration(keys.publicKey));
  const handle = provider.callback();
  server.on('request', (request, response) => void handle(request, response));
  return {
    issuer,
    privateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    refreshTokenFor: (client) => newRefreshToken(provider, idOf(client)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The id of the client of a kind. */
export const idOf = (method: AuthMethod): string => `client:${method}`;

async function newRefreshToken(provider: Provider, clientId: string): Promise<string> {
  const grant = new provider.Grant({ clientId, accountId: 'account' });
  grant.addOIDCScope('openid offline_access');
  const grantId = await grant.save();
  const client = await provider.Client.find(clientId);
  const scope = 'openid offline_access';
  return new provider.RefreshToken({ accountId: 'account', grantId, client, gty: 'authorization_code', scope }).save();
}

function configuration(publicKey: KeyObject): Readonly<Record<string, unknown>> {
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const methods: readonly AuthMethod[] = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];
  const clients = methods.map((method) => clientOf(method, publicKey));
  const store = new OAuthStore();
  return {
    adapter: (model: string) => store.adapterFor(model, clients),
    jwks: { keys: [{ ...signing, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['never used: nobody logs in here'] },
    scopes: ['openid', 'offline_access'],
    ttl: { AccessToken: 600, ClientCredentials: 900, RefreshToken: 86_400, Grant: 86_400, IdToken: 600 },
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
    },
    findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: () => '/nowhere' },
  };
}

function clientOf(method: AuthMethod, publicKey: KeyObject): Readonly<Record<string, unknown>> {
  const hasSecret = method.startsWith('client_secret');
  return {
    client_id: idOf(method),
    ...(hasSecret && { client_secret: SECRET }),
    ...(method === 'private_key_jwt' && { jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig' }] } }),
    token_endpoint_auth_method: method,
    grant_types: ['authorization_code', 'refresh_token', ...(method === 'none' ? [] : ['client_credentials'])],
    response_types: ['code'],
    redirect_uris: ['https://client.test/callback'],
    id_token_signed_response_alg: 'ES256',
  };
}
