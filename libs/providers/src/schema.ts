import { configurableFields } from './common.fields.js';
import type { FieldSchema, ProviderField } from './fields.js';
import type { Provider } from './provider.js';

/** JSON Schema of one property; secrets are write-only. */
export type PropertySchema = FieldSchema & { readonly writeOnly?: true };

/** JSON Schema (draft 2020-12 and 07 alike) of one group of fields at one level. */
export interface ObjectSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, PropertySchema>>;
  readonly additionalProperties: false;
}

/**
 * The schema of `settings`. Any field may be set at either level, so both levels have the same one, and it requires nothing:
 * what must be there is a matter of both levels together (`checkComplete`).
 */
export const settingsSchema = (provider: Provider): ObjectSchema =>
  objectSchema(configurableFields(provider).filter(({ secret }) => !secret));

/** The schema of `secrets` of a provider, which is that of `credential` of a connection too. */
export const secretsSchema = (provider: Provider): ObjectSchema =>
  objectSchema(configurableFields(provider).filter(({ secret }) => secret));

function objectSchema(fields: readonly ProviderField[]): ObjectSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      fields.map(({ name, secret, schema }) => [name, secret ? { ...schema, writeOnly: true as const } : schema]),
    ),
    additionalProperties: false,
  };
}
