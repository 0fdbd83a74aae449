import type { ListSchema, RecordSchema, TextSchema, ValueSchema } from '../../fields.js';
import { DOTTED_PATH } from '../../patterns.js';

/** A text of at most 1024 characters that matches a pattern. */
export const text = (pattern: string, description: string): TextSchema & { readonly description: string } => ({
  type: 'string',
  description,
  pattern,
  minLength: 1,
  maxLength: 1024,
});

/** One of several words; the first is meant where none is set. */
export const choice = (words: readonly [string, ...string[]], description: string) =>
  ({ type: 'string', description, enum: words, default: words[0] }) as const;

/** A whole number within bounds. */
export const whole = (minimum: number, maximum: number, description: string) =>
  ({ type: 'integer', description, minimum, maximum }) as const;

/** A place in the answer. */
export const path = (description: string): TextSchema & { readonly description: string } =>
  text(DOTTED_PATH, description);

/** An object of any names that match a pattern. */
export const record = (
  namePattern: string,
  value: ValueSchema,
  description: string,
): RecordSchema & { readonly description: string } => ({
  type: 'object',
  description,
  propertyNames: { type: 'string', pattern: namePattern },
  maxProperties: 50,
  additionalProperties: value,
});

/** A short list. */
export const list = (items: ValueSchema, description: string): ListSchema & { readonly description: string } => ({
  type: 'array',
  description,
  items,
  maxItems: 50,
});

/** An object of these names and no others. */
export const closed = (
  properties: Readonly<Record<string, ValueSchema>>,
  description: string,
  required: readonly string[] = [],
): RecordSchema & { readonly description: string } => ({
  type: 'object',
  description,
  properties,
  ...(required.length > 0 && { required }),
  additionalProperties: false,
});
