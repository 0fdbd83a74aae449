import type { ErrorObject } from 'ajv';
import { LINES, ONE_LINE, ONE_WORD } from './fields.js';

const FORMATS: Readonly<Record<string, string>> = {
  uri: 'must be an absolute http or https URL without user, query and fragment',
  email: 'must be an e-mail address',
};

const PATTERNS: Readonly<Record<string, string>> = {
  [ONE_WORD]: 'must consist of visible ASCII characters, without spaces and line breaks',
  [ONE_LINE]: 'must not contain line breaks or other control characters',
  [LINES]: 'must consist of ASCII characters and line breaks',
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'must be a text',
  integer: 'must be a whole number',
  boolean: 'must be true or false',
  object: 'must be an object',
};

/** A schema error in words that say what to write instead. Never the refused value: it may be a secret. */
export function complaintOf({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return TYPES[String(params['type'])] ?? 'has the wrong type';
    case 'enum':
      return `must be one of: ${(params['allowedValues'] as readonly unknown[]).join(', ')}`;
    case 'format':
      return FORMATS[String(params['format'])] ?? 'is malformed';
    case 'pattern':
      return PATTERNS[String(params['pattern'])] ?? 'is malformed';
    case 'minimum':
      return `must be at least ${params['limit']}`;
    case 'maximum':
      return `must be at most ${params['limit']}`;
    case 'minLength':
      return 'must not be empty';
    case 'maxLength':
      return `must be at most ${params['limit']} characters long`;
    default:
      return message ?? 'is malformed';
  }
}
