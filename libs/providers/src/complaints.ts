import type { ErrorObject } from 'ajv';
import { PATTERN_WORDS } from './patterns.js';

const FORMATS: Readonly<Record<string, string>> = {
  uri: 'must be an absolute http or https URL without user, query and fragment',
  email: 'must be an e-mail address',
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
  array: 'a list',
  object: 'an object',
};

/** A schema error in words that say what to write instead. Never the refused value: it may be a secret. */
export function complaintOf({ keyword, params, message, schema, parentSchema }: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return `must be ${TYPES[String(params['type'])] ?? 'of another type'}`;
    case 'anyOf':
      return `must be ${alternativesOf(schema)}`;
    case 'enum':
      return `must be one of: ${(params['allowedValues'] as readonly unknown[]).join(', ')}`;
    case 'format':
      return FORMATS[String(params['format'])] ?? 'is malformed';
    case 'pattern':
      return PATTERN_WORDS[String(params['pattern'])] ?? 'is malformed';
    case 'minimum':
      return `must be at least ${params['limit']}`;
    case 'maximum':
      return `must be at most ${params['limit']}`;
    case 'minLength':
      return 'must not be empty';
    case 'maxLength':
      return `must be at most ${params['limit']} characters long`;
    case 'maxItems':
    case 'maxProperties':
      return `must have at most ${params['limit']} entries`;
    case 'minProperties':
      return `must have at least ${params['limit']} of: ${namesIn(parentSchema)}`;
    case 'required':
      return 'is required';
    case 'additionalProperties':
      return `is not known here; known are: ${namesIn(parentSchema)}`;
    default:
      return message ?? 'is malformed';
  }
}

/** `a text, a number or null`. */
function alternativesOf(schema: unknown): string {
  const words = (schema as readonly { readonly type: string; readonly pattern?: string }[]).map(
    ({ type, pattern }) => `${TYPES[type] ?? type}${pattern === undefined ? '' : ' in one line'}`,
  );
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

function namesIn(schema: unknown): string {
  const { properties } = Object(schema) as { readonly properties?: object };
  return Object.keys(properties ?? {}).join(', ');
}
