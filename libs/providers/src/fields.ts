/** The subset of JSON Schema that a field is described and checked with. */
export interface FieldSchema {
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
  readonly format?: 'uri' | 'email';
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: string | number | boolean;
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
  /** What a schema cannot tell, e.g. that a key parses: the complaint ("must be …"), or undefined where the value is fine. */
  readonly check?: (value: string) => string | undefined;
}

type Level = ProviderField['usualLevel'];
type Required = ProviderField['required'];

/** Longest secret in characters: an RSA key of 16384 bits in PEM fits. */
const LONGEST_SECRET = 16_384;
const LONGEST_SETTING = 1024;

/** Visible ASCII without blanks: what can stand in a header as one word. */
export const ONE_WORD = '^[\\x21-\\x7e]+$';
/** Anything but control characters. */
export const ONE_LINE = '^[^\\x00-\\x1f\\x7f]+$';
/** ASCII with line breaks. */
export const LINES = '^[\\x20-\\x7e\\t\\r\\n]+$';

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
  rest: Pick<FieldSchema, 'pattern' | 'format'> = { pattern: ONE_WORD },
): ProviderField {
  const schema = { type: 'string', description, minLength: 1, maxLength: LONGEST_SECRET, ...rest } as const;
  return { name, secret: true, usualLevel, required, schema };
}
