import { describe, expect, it } from '@jest/globals';
import { CallerFieldsDto } from '../admin/callers/caller.dto.js';
import { ConnectionBody } from '../admin/connections/connection.dto.js';
import { ProviderBody } from '../admin/providers/provider.dto.js';
import { AuditLookupBody } from '../audit/audit-lookup.dto.js';
import { TokenBody, TokenQuery } from '../token/token.dto.js';
import { PageDto } from './page.dto.js';
import { createValidationPipe } from './validation.pipe.js';

const SECONDS = 'must be a whole number of seconds';
const TIME = 'must be a time with its zone (RFC 3339), such as 2026-11-21T10:00:00Z';
const TOKEN_TEXT = 'must consist of visible ASCII characters, without spaces and line breaks';

/** The complaints about an input, `field: message`. */
async function complaints(metatype: new () => object, input: object): Promise<readonly string[]> {
  const refusal = await createValidationPipe()
    .transform(input, { type: 'body', metatype })
    .then(
      () => undefined,
      (error: { facts: { errors: readonly { field: string; message: string }[] } }) => error,
    );
  return (refusal?.facts.errors ?? []).map(({ field, message }) => `${field}: ${message}`);
}

describe('a complaint', () => {
  it.each<[new () => object, object, string]>([
    [TokenBody, { min_ttl: '60' }, `min_ttl: ${SECONDS}`],
    [TokenBody, { min_ttl: null }, `min_ttl: ${SECONDS}`],
    [TokenBody, { min_ttl: -1 }, 'min_ttl: must be between 0 and 86400'],
    [TokenBody, { rejected_generation: '2' }, 'rejected_generation: must be a whole number'],
    [TokenBody, { rejected_generation: null }, 'rejected_generation: must be a whole number'],
    [TokenBody, { rejected_generation: 2 ** 31 }, 'rejected_generation: is larger than any generation'],
    [TokenQuery, { min_ttl: '1.5' }, `min_ttl: ${SECONDS}`],
    [TokenQuery, { min_ttl: '' }, `min_ttl: ${SECONDS}`],
    [TokenQuery, { min_ttl: '86401' }, 'min_ttl: must be between 0 and 86400'],
    [TokenQuery, { min_ttl: '100000000000' }, 'min_ttl: must be between 0 and 86400'],
    [PageDto, { limit: 'x' }, 'limit: must be a whole number'],
    [PageDto, { limit: '0' }, 'limit: must be between 1 and 1000'],
    [AuditLookupBody, {}, 'token: is required'],
    [AuditLookupBody, { token: 7 }, 'token: must be the token, as text'],
    [AuditLookupBody, { token: '' }, 'token: must not be empty'],
    [CallerFieldsDto, { roles: 'admin' }, 'roles: must be a list'],
    [CallerFieldsDto, { roles: ['root', 'root'] }, 'roles: each must be one of: admin, auditor'],
    [CallerFieldsDto, { roles: ['admin', 'admin'] }, 'roles: must not name one twice'],
    [CallerFieldsDto, { rules: 'klavi/*' }, 'rules: must be a list'],
    [CallerFieldsDto, { identities: null }, 'identities: must be a list'],
    [CallerFieldsDto, { description: 5 }, 'description: must be a text'],
    [CallerFieldsDto, { description: 'x'.repeat(501) }, 'description: must have at most 500 characters'],
    [ProviderBody, {}, 'type: is required: GET /admin/provider-types lists the types there are'],
    [ConnectionBody, { settings: 'x', credential: {} }, 'settings: must be an object'],
    [ConnectionBody, {}, 'credential: is required'],
    [ConnectionBody, { credential: {}, token: 'x' }, 'token: must be an object'],
    [ConnectionBody, { credential: {}, unknown: 1 }, 'unknown: is not known here'],
  ])('should be the most basic one: %p %j', async (type, input, expected) => {
    expect(await complaints(type, input)).toEqual([expected]);
  });

  it.each([
    [{}, ['token.access_token: is required', 'token.expires_at: is required']],
    [{ access_token: 1, expires_at: 1 }, ['token.access_token: must be a text', `token.expires_at: ${TIME}`]],
    [{ access_token: 'a b', expires_at: null }, [`token.access_token: ${TOKEN_TEXT}`, 'token.expires_at: is required']],
  ])('should name the place of what is wrong in a member: %j', async (token, expected) => {
    expect(await complaints(ConnectionBody, { credential: {}, token })).toEqual(expected);
  });
});
