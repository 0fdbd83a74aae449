import type { Meaning } from '../answer/reading.js';
import { mergeSettings } from '../effective.js';
import type { Settings } from '../provider.js';
import type { Preset } from './presets.js';

/** How the client proves itself to the provider. */
export type ClientAuth = 'basic' | 'basic_empty_password' | 'body' | 'query' | 'header' | 'none' | 'private_key_jwt';

/** The grant that tokens come from. */
export type GrantName = 'refresh_token' | 'client_credentials' | 'jwt_bearer';

/** What a signed assertion says; what is not set follows from the rest. */
export interface AssertionSettings {
  readonly issuer?: string;
  readonly subject?: string;
  readonly audience?: string;
  readonly key_id?: string;
  readonly algorithm?: string;
  readonly lifetime_seconds?: number;
  readonly claims?: Readonly<Record<string, string | number | boolean>>;
}

/** Where things stand in an answer, as dotted paths. */
export interface AnswerPaths {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: string;
  readonly expires_at?: string;
  readonly refresh_token_expires_in: string;
  readonly error: string;
}

/** The settings of the type `oauth2` in force: the preset's, the provider's and the connection's, with what is meant where none is set. */
export interface OAuth2Settings {
  readonly token_url?: string;
  readonly introspection_url?: string;
  readonly url_parameters: Readonly<Record<string, string>>;
  readonly grant: GrantName;
  readonly method: 'POST' | 'GET';
  readonly encoding: 'form' | 'json' | 'multipart' | 'query' | 'none';
  readonly parameters: Readonly<Record<string, string | number | boolean | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly scope?: string;
  readonly client_id?: string;
  readonly client_auth: ClientAuth;
  readonly client_id_name?: string;
  readonly client_secret_name?: string;
  readonly credential_in: 'body' | 'query' | 'header';
  readonly credential_name?: string;
  readonly credential_scheme?: string;
  readonly assertion: AssertionSettings;
  readonly rotation: 'strict' | 'grace' | 'static';
  readonly grace_seconds?: number;
  readonly old_token_survives?: boolean;
  readonly rolling: boolean;
  readonly refresh_at?: number;
  readonly refresh_token_idle_seconds?: number;
  readonly success_statuses?: readonly number[];
  readonly success_when?: { readonly path: string; readonly equals: string | number | boolean };
  readonly paths: AnswerPaths;
  readonly expires_in_unit: 'seconds' | 'milliseconds';
  readonly expires_at_format: 'epoch' | 'epoch_ms' | 'iso';
  readonly default_ttl_seconds: number;
  readonly errors: readonly Meaning[];
  readonly unprocessed_statuses: readonly number[];
  readonly extra: Readonly<Record<string, string>>;
  readonly token_type: string;
}

/** RFC 6749, 5.1 and 5.2. */
const PATHS: AnswerPaths = {
  access_token: 'access_token',
  refresh_token: 'refresh_token',
  expires_in: 'expires_in',
  refresh_token_expires_in: 'refresh_token_expires_in',
  error: 'error',
};

/** The preset's settings with what is configured on top. */
export function withPreset(configured: Settings, presets: ReadonlyMap<string, Preset>): Settings {
  const preset = presets.get(String(configured['preset']));
  return preset === undefined ? configured : mergeSettings(preset.settings, configured);
}

/** The settings in force. They were checked when they were configured, so that their shapes are taken for granted here. */
export function settingsInForce(configured: Settings, presets: ReadonlyMap<string, Preset>): OAuth2Settings {
  const set = withPreset(configured, presets) as Partial<OAuth2Settings>;
  const method = set.method ?? 'POST';
  return {
    ...set,
    method,
    url_parameters: set.url_parameters ?? {},
    grant: set.grant ?? 'refresh_token',
    encoding: set.encoding ?? (method === 'GET' ? 'query' : 'form'),
    parameters: set.parameters ?? {},
    headers: set.headers ?? {},
    client_auth: set.client_auth ?? (set.grant === 'jwt_bearer' ? 'none' : 'basic'),
    credential_in: set.credential_in ?? 'body',
    assertion: set.assertion ?? {},
    rotation: set.rotation ?? 'strict',
    rolling: set.rolling ?? false,
    paths: { ...PATHS, ...set.paths },
    expires_in_unit: set.expires_in_unit ?? 'seconds',
    expires_at_format: set.expires_at_format ?? 'epoch',
    default_ttl_seconds: set.default_ttl_seconds ?? 3600,
    errors: set.errors ?? [],
    unprocessed_statuses: set.unprocessed_statuses ?? [],
    extra: set.extra ?? {},
    token_type: set.token_type ?? 'Bearer',
  };
}
