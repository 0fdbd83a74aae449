import { BrokerError, type FieldError, invalidRequest, validateSync } from '@app/common';
import { plainToInstance } from 'class-transformer';
import { readFileSync } from 'node:fs';
import { IssuerEntry } from './issuer-entry.js';
import { KeySetError, parseKeySet } from './key-set.js';
import type { KeySetPlace, TrustedIssuer } from './trusted-issuer.js';

const SOURCES = ['jwks_url', 'jwks_file', 'jwks'] as const;

/** The issuers of IDENTITIES_FILE; none where the variable is not set. Throws a BrokerError that names every mistake in it. */
export function readIdentitiesFile(path: string | undefined): readonly TrustedIssuer[] {
  if (path === undefined) {
    return [];
  }
  try {
    return parseIdentities(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new BrokerError('invalid_request', `IDENTITIES_FILE (${path}) cannot be used: ${sayWhy(error)}`, {
      cause: error,
    });
  }
}

/** The issuers of `{ "issuers": [ … ] }`. Throws `invalid_request` with every mistake. */
export function parseIdentities(root: unknown): readonly TrustedIssuer[] {
  const { issuers, ...others } = Object(root) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(issuers) || Object.keys(others).length > 0) {
    throw invalidRequest([{ field: '(root)', message: 'must be { "issuers": [ … ] } and nothing else' }]);
  }
  const entries = issuers.map((entry: unknown) => plainToInstance(IssuerEntry, Object(entry)));
  const mistakes = entries.flatMap((entry, index) =>
    mistakesOf(entry).map(({ field, message }) => ({ field: `issuers[${index}].${field}`, message })),
  );
  for (const member of ['name', 'issuer'] as const) {
    if (new Set(entries.map((entry) => entry[member])).size < entries.length) {
      mistakes.push({ field: 'issuers', message: `must not hold two of one "${member}"` });
    }
  }
  if (mistakes.length > 0) {
    throw invalidRequest(mistakes);
  }
  return entries.map(toIssuer);
}

function mistakesOf(entry: IssuerEntry): FieldError[] {
  const options = { whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true };
  const mistakes = validateSync(entry, options).map(({ property, constraints = {} }) => ({
    field: property,
    message: 'whitelistValidation' in constraints ? 'is not known here' : (Object.values(constraints)[0] ?? ''),
  }));
  const given = SOURCES.filter((source) => entry[source] !== undefined && entry[source] !== null);
  if (given.length !== 1) {
    mistakes.push({ field: 'jwks_url', message: 'or "jwks_file" or "jwks" must be given, and only one of them' });
  }
  return given.includes('jwks') ? [...mistakes, ...mistakesOfKeySet(entry.jwks)] : mistakes;
}

function mistakesOfKeySet(jwks: unknown): FieldError[] {
  try {
    parseKeySet(jwks);
    return [];
  } catch (error) {
    return [{ field: 'jwks', message: error instanceof KeySetError ? error.message : 'is malformed' }];
  }
}

const toIssuer = (entry: IssuerEntry): TrustedIssuer => ({
  alias: entry.name,
  issuer: entry.issuer,
  audience: entry.audience,
  algorithms: entry.algorithms,
  keys: placeOf(entry),
});

function placeOf({ jwks_url: url, jwks_file: path, jwks, ca_file, bearer_token_file }: IssuerEntry): KeySetPlace {
  if (typeof url === 'string') {
    return { kind: 'url', url, caFile: ca_file, bearerTokenFile: bearer_token_file };
  }
  return typeof path === 'string' ? { kind: 'file', path } : { kind: 'inline', keySet: parseKeySet(jwks) };
}

/** Our own words where they are ours; of others the code alone, as parsers quote what they read. */
function sayWhy(error: unknown): string {
  if (error instanceof BrokerError) {
    return (error.facts.errors ?? []).map(({ field, message }) => `${field} ${message}`).join('; ');
  }
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === 'string' ? `it cannot be read (${code})` : 'it is not JSON';
}
