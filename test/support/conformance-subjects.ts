import type { EffectiveCredential, Grant, Provider, Settings } from '@app/providers';
import { mergeLevels } from '@app/providers';
import { revealAll, toSecrets } from '@app/common';
import type { IssuedCredential } from '../../apps/sandbox/src/index.js';

/** What the suite holds to the answers of one provider of the sandbox. */
export interface Subject {
  readonly name: string;
  readonly provider: Provider;
  /** Whose answers are asked for. */
  readonly sandbox: string;
  /** Whether a stated lifetime of zero says nothing, or is nonsense. */
  readonly zeroSaysNothing: boolean;
  /** Whether it can log in again where the provider has a way to. */
  readonly knowsLogin: boolean;
  /** What the sandbox issues, as it is configured for this provider type. */
  readonly configure: (issued: IssuedCredential) => IssuedCredential;
}

/** A built-in type, as the sandbox issues what it needs. */
export const builtIn = (provider: Provider): Subject => ({
  name: provider.type,
  provider,
  sandbox: provider.type,
  zeroSaysNothing: false,
  knowsLogin: true,
  configure: (issued) => issued,
});

/** The built-in providers that differ from OAuth 2.0 by configuration alone, spoken to by the type `oauth2`. */
export const asOAuth2 = (provider: Provider): readonly Subject[] =>
  Object.entries(CONFIGURATIONS).map(([sandbox, { path, settings, secret }]) => ({
    name: `${provider.type} configured for ${sandbox}`,
    provider,
    sandbox,
    zeroSaysNothing: true,
    knowsLogin: false,
    configure: (issued) => ({
      ...issued,
      settings: { ...settings, token_url: `${String(issued.settings['base_url'])}${path}` },
      secrets: secret === undefined ? NONE : { client_secret: issued.secrets[secret] ?? '' },
      credential: only(issued.credential, settings['rolling'] === true ? 'access_token' : 'refresh_token'),
    }),
  }));

interface Configuration {
  readonly path: string;
  readonly settings: Settings;
  /** Which of the secrets that the sandbox issues is the client secret. */
  readonly secret?: string;
}

const NONE: Readonly<Record<string, string>> = {};

const CONFIGURATIONS: Readonly<Record<string, Configuration>> = {
  onmeta: {
    path: '/v1/users/refresh-token',
    secret: 'api_key',
    settings: {
      method: 'GET',
      encoding: 'none',
      client_auth: 'header',
      credential_in: 'header',
      rotation: 'static',
      success_when: { path: 'success', equals: true },
      paths: { access_token: 'data.accessToken', refresh_token: 'data.refreshToken', error: 'error.code' },
    },
  },
  klavi: {
    path: '/monitor/v1/refresh',
    settings: {
      method: 'GET',
      encoding: 'none',
      client_auth: 'none',
      credential_in: 'header',
      rolling: true,
      rotation: 'static',
      paths: { access_token: 'accessToken', expires_in: 'expireIn' },
      errors: [{ status: 416, reason: 'bad_request' }],
    },
  },
  berbix: {
    path: '/v0/tokens',
    secret: 'api_secret',
    settings: {
      encoding: 'json',
      client_auth: 'basic_empty_password',
      rotation: 'static',
      paths: { error: 'message' },
      errors: [{ status: 401, code: 'invalid refresh token', reason: 'unauthorized' }],
      extra: { client_token: 'client_token', transaction_id: 'transaction_id' },
    },
  },
};

/** What an exchange is made with. */
export function effectiveOf({ settings, secrets, credential }: IssuedCredential): EffectiveCredential {
  return mergeLevels({ settings, secrets: toSecrets(secrets) }, { settings: {}, secrets: toSecrets(credential) });
}

/** The credential that is held once an answer is adopted: what did not come back is kept. */
export function adopted(issued: IssuedCredential, grant: Grant): EffectiveCredential {
  return effectiveOf({ ...issued, credential: { ...issued.credential, ...revealAll(grant.credential) } });
}

function only(fields: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return { [name]: fields[name] ?? '' };
}
