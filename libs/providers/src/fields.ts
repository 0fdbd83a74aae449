import { ONE_LINE, ONE_WORD } from './patterns.js';
import type { Provider, Settings } from './provider.js';

/** The subset of JSON Schema (draft 2020-12 and 07 alike) that a field is described and checked with. */
export type FieldSchema = { readonly description: string } & ValueSchema;

/** A value of any shape that a setting may have. */
export type ValueSchema =
  TextSchema | NumberSchema | FlagSchema | NullSchema | ListSchema | RecordSchema | AlternativesSchema;

/** What every value may carry. */
interface Described {
  readonly description?: string;
}

export interface TextSchema extends Described {
  readonly type: 'string';
  readonly format?: 'uri' | 'email';
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: string;
}

export interface NumberSchema extends Described {
  readonly type: 'integer' | 'number';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: number;
}

export interface FlagSchema extends Described {
  readonly type: 'boolean';
  readonly default?: boolean;
}

export interface ListSchema extends Described {
  readonly type: 'array';
  readonly items: ValueSchema;
  readonly minItems?: number;
  readonly maxItems: number;
}

/** An object: of these names and no others, or of any names that a pattern allows. */
export interface RecordSchema extends Described {
  readonly type: 'object';
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: { readonly type: 'string'; readonly pattern: string };
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly additionalProperties: false | ValueSchema;
}

export interface NullSchema extends Described {
  readonly type: 'null';
}

/** A value of any of several schemas. */
export interface AlternativesSchema extends Described {
  readonly anyOf: readonly ValueSchema[];
}

/** One configurable field. It may be set at either level; the connection's value wins. */
export interface ProviderField {
  readonly name: string;
  /** Secret fields are write-only and sealed; they stand under `secrets` of a provider and `credential` of a connection. */
  readonly secret: boolean;
  /** The level it is usually set at, for documentation and forms. */
  readonly usualLevel: 'provider' | 'connection';
  /** `unless_relogin`: may be absent where one of the traits' re-login sets is complete. */
  readonly required: boolean | 'unless_relogin';
  readonly schema: FieldSchema;
  /** What a schema cannot tell of a text, e.g. that a key parses: the complaint ("must be …"), or undefined where it is fine. */
  readonly check?: (value: string) => string | undefined;
}

type Level = ProviderField['usualLevel'];
type Required = ProviderField['required'];

/** Longest secret in characters: an RSA key of 16384 bits in PEM fits. */
const LONGEST_SECRET = 16_384;
const LONGEST_SETTING = 1024;

/** A setting that is a short text. */
export function textSetting(name: string, usualLevel: Level, required: Required, description: string): ProviderField {
  const schema = { type: 'string', description, minLength: 1, maxLength: LONGEST_SETTING, pattern: ONE_LINE } as const;
  return { name, secret: false, usualLevel, required, schema };
}

/** A setting that is one of a few words, the first of which is meant where none is set. */
export function choiceSetting(name: string, words: readonly [string, ...string[]], description: string): ProviderField {
  const schema = { type: 'string', description, enum: words, default: words[0] } as const;
  return { name, secret: false, usualLevel: 'provider', required: false, schema };
}

/** A setting of any shape. */
export function setting(
  name: string,
  schema: FieldSchema,
  rest: Partial<Pick<ProviderField, 'usualLevel' | 'required' | 'check'>> = {},
): ProviderField {
  return { name, secret: false, usualLevel: 'provider', required: false, schema, ...rest };
}

/** The setting `base_url`: absolute http(s) URL that the paths of the exchanges are appended to. */
export function baseUrlSetting(required: boolean, description: string): ProviderField {
  const schema = { type: 'string', description, format: 'uri', maxLength: LONGEST_SETTING } as const;
  return { name: 'base_url', secret: false, usualLevel: 'provider', required, schema };
}

/** A secret field; a token or key of one word unless another pattern is given. */
export function secretField(
  name: string,
  usualLevel: Level,
  required: Required,
  description: string,
  rest: Pick<TextSchema, 'pattern' | 'format'> = { pattern: ONE_WORD },
): ProviderField {
  const schema = { type: 'string', description, minLength: 1, maxLength: LONGEST_SECRET, ...rest } as const;
  return { name, secret: true, usualLevel, required, schema };
}

/** The fields of a provider as they are required with these settings, the provider's and the connection's together. */
export function fieldsOf(provider: Provider, settings: Settings): readonly ProviderField[] {
  return provider.fieldsFor?.(settings) ?? provider.fields;
}
