import { configurableFields } from './common.fields.js';
import type { Provider } from './provider.js';
import { type ObjectSchema, secretsSchema, settingsSchema } from './schema.js';

/** What `GET /admin/provider-types` tells of a type: what can be configured, and how it behaves. */
export interface ProviderTypeDescription {
  readonly type: string;
  readonly title: string;
  readonly documentation: string;
  readonly default_base_url: string | null;
  readonly provider: { readonly settings: ObjectSchema; readonly secrets: ObjectSchema };
  readonly connection: { readonly settings: ObjectSchema; readonly credential: ObjectSchema };
  /** The level that each field is usually set at; either is possible, the connection's value wins. */
  readonly usual_level: Readonly<Record<string, 'provider' | 'connection'>>;
  /** Fields that must be set, at whichever level. */
  readonly required: readonly string[];
  /** Fields that must be set unless one of the sets of `relogin` is complete. */
  readonly required_unless_relogin: readonly string[];
  /** Sets of fields, each of which suffices to log in again without a person. */
  readonly relogin: readonly (readonly string[])[];
  readonly traits: {
    readonly rotation: 'static' | 'grace' | 'strict';
    readonly grace_seconds: number | null;
    readonly rolling: 'none' | 'credential' | 'co_credential';
    readonly old_token_survives: boolean | null;
    readonly introspection: boolean;
    readonly unprocessed_statuses: readonly number[];
    readonly refresh_at: number;
    readonly default_ttl_seconds: number;
    readonly token_type: string;
  };
}

/** The public description of a type. */
export function describeType(provider: Provider): ProviderTypeDescription {
  const { traits } = provider;
  const fields = configurableFields(provider);
  const settings = settingsSchema(provider);
  const secrets = secretsSchema(provider);
  const namesWith = (required: boolean | 'unless_relogin'): string[] =>
    fields.filter((field) => field.required === required).map(({ name }) => name);
  return {
    type: provider.type,
    title: provider.title,
    documentation: provider.documentation,
    default_base_url: provider.defaultBaseUrl,
    provider: { settings, secrets },
    connection: { settings, credential: secrets },
    usual_level: Object.fromEntries(fields.map(({ name, usualLevel }) => [name, usualLevel])),
    required: namesWith(true),
    required_unless_relogin: namesWith('unless_relogin'),
    relogin: traits.relogin,
    traits: {
      rotation: traits.rotation,
      grace_seconds: traits.graceSeconds ?? null,
      rolling: traits.rolling,
      old_token_survives: traits.oldTokenSurvives,
      introspection: traits.introspection,
      unprocessed_statuses: traits.unprocessedStatuses,
      refresh_at: Math.round(traits.refreshAt * 1000) / 1000,
      default_ttl_seconds: traits.defaultTtlSeconds,
      token_type: traits.tokenType,
    },
  };
}
