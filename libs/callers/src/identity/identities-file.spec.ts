import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseIdentities, readIdentitiesFile } from './identities-file.js';
import { type IssuerKey, newIssuerKey } from './testing/token-issuer.js';

const entry = {
  name: 'prod',
  issuer: 'https://kubernetes.default.svc.cluster.local',
  audience: 'claviger',
  algorithms: ['RS256'],
  jwks_url: 'https://kubernetes.default.svc/openid/v1/jwks',
};
const without = (member: keyof typeof entry): object =>
  Object.fromEntries(Object.entries(entry).filter(([name]) => name !== member));

const mistakesIn = (root: unknown): readonly string[] => {
  try {
    parseIdentities(root);
    return [];
  } catch (error) {
    const { facts } = error as { facts: { errors: readonly { field: string; message: string }[] } };
    return facts.errors.map(({ field }) => field);
  }
};

describe('parseIdentities', () => {
  let key: IssuerKey;

  beforeAll(async () => {
    key = await newIssuerKey();
  });

  it('should take an issuer with a URL, with a CA and a token of its own', () => {
    const files = { ca_file: '/ca.crt', bearer_token_file: '/token' };
    expect(parseIdentities({ issuers: [{ ...entry, ...files }] })).toEqual([
      {
        alias: 'prod',
        issuer: entry.issuer,
        audience: 'claviger',
        algorithms: ['RS256'],
        keys: { kind: 'url', url: entry.jwks_url, caFile: '/ca.crt', bearerTokenFile: '/token' },
      },
    ]);
  });

  it('should take the keys from a file or from itself', () => {
    const [file, inline] = parseIdentities({
      issuers: [
        { ...without('jwks_url'), jwks_file: '/keys.json' },
        { ...without('jwks_url'), name: 'two', issuer: 'two', jwks: { keys: [key.jwk, { kty: 'oct', k: 'x' }] } },
      ],
    });
    expect(file?.keys).toEqual({ kind: 'file', path: '/keys.json' });
    expect(inline?.keys).toEqual({ kind: 'inline', keySet: { keys: [key.jwk] } });
  });

  it.each([null, [], 'x', {}, { issuers: {} }, { issuers: [], more: 1 }])('should refuse %j', (root) => {
    expect(mistakesIn(root)).toEqual(['(root)']);
  });

  it.each<readonly [object, string]>([
    [without('name'), 'name'],
    [{ ...entry, name: 'Prod' }, 'name'],
    [{ ...entry, name: 'mtls' }, 'name'],
    [without('issuer'), 'issuer'],
    [{ ...entry, issuer: 'mtls' }, 'issuer'],
    [{ ...entry, issuer: 'a b' }, 'issuer'],
    [without('audience'), 'audience'],
    [{ ...entry, audience: '' }, 'audience'],
    [{ ...entry, audience: ['claviger'] }, 'audience'],
    [without('algorithms'), 'algorithms'],
    [{ ...entry, algorithms: [] }, 'algorithms'],
    [{ ...entry, algorithms: ['HS256'] }, 'algorithms'],
    [{ ...entry, algorithms: ['none'] }, 'algorithms'],
    [{ ...entry, algorithms: 'RS256' }, 'algorithms'],
    [without('jwks_url'), 'jwks_url'],
    [{ ...entry, jwks_url: 'ftp://x/y' }, 'jwks_url'],
    [{ ...entry, jwks_url: 'https://user@x/y' }, 'jwks_url'],
    [{ ...entry, jwks_url: 7 }, 'jwks_url'],
    [{ ...entry, jwks_file: '/keys.json' }, 'jwks_url'],
    [{ ...entry, ca_file: '' }, 'ca_file'],
    [{ ...entry, bearer_token_file: 1 }, 'bearer_token_file'],
    [{ ...entry, verify: false }, 'verify'],
    [{ ...without('jwks_url'), jwks: {} }, 'jwks'],
    [{ ...without('jwks_url'), jwks: { keys: [] } }, 'jwks'],
    [{ ...without('jwks_url'), jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, 'jwks'],
    [{ ...without('jwks_url'), jwks: { keys: [{ kty: 'EC', d: 'c2VjcmV0' }] } }, 'jwks'],
  ])('should refuse %j', (issuer, field) => {
    expect(mistakesIn({ issuers: [issuer] })).toEqual([`issuers[0].${field}`]);
  });

  it('should name every mistake at once', () => {
    const issuers = [{ ...entry, audience: '' }, { ...entry, name: 'two', verify: false }, null];
    expect(mistakesIn({ issuers })).toEqual(
      expect.arrayContaining(['issuers[0].audience', 'issuers[1].verify', 'issuers[2].name', 'issuers']),
    );
  });
});

describe('readIdentitiesFile', () => {
  it('should trust nobody without a file', () => {
    expect(readIdentitiesFile(undefined)).toEqual([]);
  });

  it('should say which file cannot be read', () => {
    expect(() => readIdentitiesFile('/nowhere/identities.json')).toThrow(
      'IDENTITIES_FILE (/nowhere/identities.json) cannot be used: it cannot be read (ENOENT)',
    );
  });

  it('should quote nothing of a file that is not JSON', () => {
    const path = new URL(import.meta.url).pathname;
    expect(() => readIdentitiesFile(path)).toThrow(`IDENTITIES_FILE (${path}) cannot be used: it is not JSON`);
  });
});
