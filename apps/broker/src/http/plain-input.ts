import type { FieldError } from '@app/common';

/** Deeper than any documented body; recursion that follows the input must end before the stack does. */
const DEEPEST = 8;
/** NUL and halves of surrogate pairs: JSON may hold them, Postgres takes neither. */
const NO_TEXT = /\0|\p{Cs}/u;

/**
 * What is wrong with an input on every route: text that cannot be stored, in names too, depth that nothing documents, and the names that
 * JavaScript gives every object (`constructor`, `toString`), which the making of a DTO passes over without a word.
 */
export function complaintsAbout(input: unknown, path = '', depth = 0): FieldError[] {
  if (typeof input === 'string') {
    return NO_TEXT.test(input) ? [{ field: path, message: 'must not contain NUL or half of a surrogate pair' }] : [];
  }
  if (typeof input !== 'object' || input === null) {
    return [];
  }
  if (depth === DEEPEST) {
    return [{ field: path, message: 'is nested too deeply' }];
  }
  return Object.entries(input).flatMap(([name, value]) => {
    const field = path === '' ? name : `${path}.${name}`;
    if (name in Object.prototype) {
      return [{ field, message: 'is not known here' }];
    }
    return NO_TEXT.test(name)
      ? [{ field, message: 'has a name that contains NUL or half of a surrogate pair' }]
      : complaintsAbout(value, field, depth + 1);
  });
}
