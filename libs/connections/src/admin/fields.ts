import { type FieldError, invalidRequest, Secret } from '@app/common';

type Fields = Readonly<Record<string, unknown>>;

/** JSON merge patch (RFC 7396) on one level: null removes a field, any other value replaces it. */
export const mergeFields = <Value>(
  before: Readonly<Record<string, Value>>,
  changes: Fields = {},
): Record<string, Value> =>
  Object.fromEntries(Object.entries({ ...before, ...changes }).filter(([, value]) => value !== null)) as Record<
    string,
    Value
  >;

/** The texts among the fields as Secrets; what is no text was refused before. */
export const secretsOf = (fields: Fields): Record<string, Secret> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .map(([name, value]) => [name, new Secret(value)]),
  );

/** Secrets with changes on top, as `mergeFields`. */
export const mergeSecrets = (before: Readonly<Record<string, Secret>>, changes: Fields = {}): Record<string, Secret> =>
  mergeFields(before, {
    ...secretsOf(changes),
    ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value === null)),
  });

/** Whether a patch says nothing: no value, and it removes only what is not there. */
export const isNothing = (present: readonly string[], changes: Fields = {}): boolean =>
  Object.entries(changes).every(([name, value]) => value === null && !present.includes(name));

/** Whether secrets stay as they are: every one that a patch brings has this very value, and it removes only what is not there. */
export const isUnchanged = (before: Readonly<Record<string, Secret>>, changes: Fields = {}): boolean =>
  Object.entries(changes).every(([name, value]) =>
    Object.hasOwn(before, name) ? before[name]?.reveal() === value : value === null,
  );

/** Names as the audit log shows them: `settings.base_url`, `credential.refresh_token`. */
export const namesOf = (group: string, fields: Fields | undefined): string[] =>
  Object.keys(fields ?? {}).map((name) => `${group}.${name}`);

/** @throws BrokerError `invalid_request` where there is anything to complain of. */
export function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) {
    throw invalidRequest(errors);
  }
}
