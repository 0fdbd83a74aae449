import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import type { ClientFacts } from './clients.js';
import { TokenStore } from './token.store.js';

/** Header that names the front door's record of a request. */
export const RECORD_HEADER = 'x-front-door-record';

const SCOPE = 'api';
const YEAR_SECONDS = 31_536_000;

/** What the OAuth server asks about a grant, and tells of it. */
export interface OAuthServerFacts {
  accessTokenSeconds(grantId: string): number;
  graceMs(grantId: string): number;
  onRevoked(grantId: string, record: number): void;
}

/** The tokens that a new grant begins with. */
export interface FirstTokens {
  readonly grantId: string;
  readonly refreshToken: string;
  readonly accessToken: string;
}

/** A certified OAuth server that rotates refresh tokens and revokes a grant when a consumed one comes again. */
export class OAuthServer {
  readonly store: TokenStore;
  readonly #provider: Provider;
  readonly #clients = new Map<string, ClientFacts>();

  constructor(facts: OAuthServerFacts) {
    this.store = new TokenStore((grantId) => facts.graceMs(grantId));
    this.#provider = new Provider('http://upstream.test', {
      ...STATIC_SETTINGS,
      adapter: (model: string) => (model === 'Client' ? this.#clientAdapter() : this.store.adapterFor(model)),
      ttl: {
        AccessToken: (_context: unknown, token: { readonly grantId: string }) =>
          facts.accessTokenSeconds(token.grantId),
        RefreshToken: YEAR_SECONDS,
        Grant: YEAR_SECONDS,
      },
      rotateRefreshToken: (context: ClientContext) => this.#factsOf(context.oidc.client.clientId).kind !== 'static',
      features: {
        devInteractions: { enabled: false },
        introspection: {
          enabled: true,
          allowedPolicy: (_context: unknown, client: { readonly clientId: string }) =>
            this.#factsOf(client.clientId).introspection,
        },
      },
    });
    this.#provider.on('grant.revoked', ({ req }, grantId) =>
      facts.onRevoked(grantId, Number(req.headers[RECORD_HEADER] ?? 0)),
    );
    this.#provider.on('server_error', (_context, error) => void process.stderr.write(`${error.stack}\n`));
  }

  /** Listens on a free port of this machine; returns it. */
  async listen(): Promise<number> {
    const handle = this.#provider.callback();
    // Never ends a connection by itself: one that the front door uses in that moment would lose its answer, which no fault asked for.
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) => void handle(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  register(client: ClientFacts): void {
    this.#clients.set(client.clientId, client);
  }

  /** A grant that someone has consented to, with its first tokens; `before` knows it before they are made. */
  async grant(client: ClientFacts, before: (grantId: string) => void): Promise<FirstTokens> {
    const accountId = randomBytes(6).toString('hex');
    const grant = new this.#provider.Grant({ clientId: client.clientId, accountId });
    grant.addOIDCScope(SCOPE);
    const grantId = await grant.save();
    before(grantId);
    const payload = {
      accountId,
      grantId,
      client: await this.#provider.Client.find(client.clientId),
      gty: 'authorization_code',
      scope: SCOPE,
    };
    const refreshToken = await new this.#provider.RefreshToken(payload).save();
    return { grantId, refreshToken, accessToken: await new this.#provider.AccessToken(payload).save() };
  }

  /** Whether the access token is neither expired nor revoked. */
  async accepts(accessToken: string): Promise<boolean> {
    return (await this.#provider.AccessToken.find(accessToken))?.isValid ?? false;
  }

  #factsOf(clientId: string): ClientFacts {
    const facts = this.#clients.get(clientId);
    if (facts === undefined) {
      throw new Error(`No client ${clientId} is registered.`);
    }
    return facts;
  }

  #clientAdapter(): object {
    return {
      find: async (id: string) => {
        const facts = this.#clients.get(id);
        return facts && { ...CLIENT_METADATA, client_id: facts.clientId, client_secret: facts.clientSecret };
      },
    };
  }
}

interface ClientContext {
  readonly oidc: { readonly client: { readonly clientId: string } };
}

const CLIENT_METADATA = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: ['https://client.test/callback'],
  token_endpoint_auth_method: 'client_secret_basic',
  id_token_signed_response_alg: 'ES256',
};

const signingKey = (): object => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' };
};

const STATIC_SETTINGS = {
  jwks: { keys: [signingKey()] },
  cookies: { keys: ['never used: nobody logs in here'] },
  scopes: ['openid', 'offline_access', SCOPE],
  findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: () => '/nowhere' },
};
