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

/** The fields without those that a patch removes: what is to be checked. */
export const withoutNulls = (fields: Fields | undefined): Record<string, unknown> | undefined =>
  fields && Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

/** Names as the audit log shows them: `settings.base_url`, `credential.refresh_token`. */
export const namesOf = (group: string, fields: Fields | undefined): string[] =>
  Object.keys(fields ?? {}).map((name) => `${group}.${name}`);

/** @throws BrokerError `invalid_request` where there is anything to complain of. */
export function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) {
    throw invalidRequest(errors);
  }
}
