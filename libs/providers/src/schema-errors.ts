import type { FieldError } from '@app/common';
import type { ErrorObject } from 'ajv';
import { complaintOf } from './complaints.js';

/** Path of the offending place below the group, beginning with a dot, and what is wrong there. */
export interface SchemaFault {
  /** Names from the group downwards: `['errors', '0', 'reason']`. */
  readonly path: readonly string[];
  readonly message: string;
  /** Whether the name itself is unknown. */
  readonly unknown: boolean;
}

/** What schema errors complain of, each place once for each complaint. Needs errors of a `verbose` Ajv. */
export function faultsOf(errors: readonly ErrorObject[]): readonly SchemaFault[] {
  return errors.filter(isTold).map((error) => ({
    path: [...placeOf(error.instancePath), ...nameIn(error)],
    message: complaintOf(error),
    unknown: error.keyword === 'additionalProperties',
  }));
}

/** The fault as a person reads it, `group` being the name of what the path begins in. */
export const fieldErrorOf = ({ path, message }: SchemaFault, group: string): FieldError => ({
  field: [group, ...path].join('.'),
  message,
});

/** The alternatives are told as one, and a refused name by what it must be: the errors inside would say it twice. */
function isTold({ keyword, schemaPath }: ErrorObject): boolean {
  return keyword !== 'propertyNames' && !/\/anyOf\/\d+\//.test(schemaPath);
}

/** The name that an error of the object around it is about. */
function nameIn({ keyword, params, propertyName }: ErrorObject): readonly string[] {
  if (keyword === 'additionalProperties') {
    return [String(params['additionalProperty'])];
  }
  if (keyword === 'required') {
    return [String(params['missingProperty'])];
  }
  return propertyName === undefined ? [] : [propertyName];
}

/** The names in a JSON pointer (RFC 6901). */
function placeOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}
