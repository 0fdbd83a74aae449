import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { ConfigError } from './config.error.js';
import { readConfig } from './read-config.js';

const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://claviger:pw@db.example.com:5432/claviger',
  KEYS_FILE: '/run/secrets/keys.json',
};

const refusal = (env: Record<string, string>): ConfigError => {
  try {
    readConfig(env);
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('the environment was accepted');
};

describe(readConfig.name, () => {
  it('should need nothing in development', () => {
    expect(readConfig({})).toMatchObject({
      environment: 'development',
      host: '127.0.0.1',
      port: 3000,
      databaseUrl: undefined,
      sandbox: true,
      sandboxPort: 3900,
      outboundAllowedNetworks: ['127.0.0.0/8', '::1/128'],
    });
  });

  it('should have no local device for the audit log unless it is told where', () => {
    expect(readConfig({}).auditSpoolDir).toBeUndefined();
    expect(readConfig({ AUDIT_SPOOL_DIR: '/var/lib/claviger/audit' }).auditSpoolDir).toBe('/var/lib/claviger/audit');
  });

  it('should listen everywhere, without sandbox and without http, in production', () => {
    expect(readConfig(production)).toMatchObject({ host: '0.0.0.0', sandbox: false, outboundAllowedNetworks: [] });
  });

  it('should limit a caller to a thousand requests a second unless it says otherwise', () => {
    expect(readConfig({}).rateLimit).toBe(1000);
    expect(readConfig({ RATE_LIMIT: '50' }).rateLimit).toBe(50);
    expect(readConfig({ RATE_LIMIT: 'off' }).rateLimit).toBeUndefined();
  });

  it('should list everything missing or malformed at once, with meaning and example', () => {
    const error = refusal({ NODE_ENV: 'production', PORT: 'http', LOG_LEVEL: 'loud', SANDBOX: 'on' });
    expect(error.problems.map(({ name }) => name).toSorted()).toEqual([
      'DATABASE_URL',
      'KEYS_FILE',
      'LOG_LEVEL',
      'PORT',
      'SANDBOX',
    ]);
    expect(error.message).toContain('DATABASE_URL is missing');
    expect(error.message).toContain('Example: KEYS_FILE=/run/secrets/claviger-keys.json');
    expect(error.message).toContain('PORT must be');
  });

  it.each([
    ['env', {}, ['KEYS']],
    ['vault-transit', {}, ['VAULT_ADDR', 'VAULT_TRANSIT_KEY']],
    [
      'vault-transit',
      { VAULT_ADDR: 'http://vault.example.com', VAULT_TRANSIT_KEY: 'k' },
      ['VAULT_ADDR', 'VAULT_TOKEN'],
    ],
    ['vault-transit', { VAULT_ADDR: 'https://v', VAULT_TRANSIT_KEY: 'k' }, ['VAULT_TOKEN']],
    [
      'vault-transit',
      { VAULT_ADDR: 'https://v', VAULT_TRANSIT_KEY: 'k', VAULT_TOKEN: 't', VAULT_TOKEN_FILE: 'f' },
      ['VAULT_TOKEN'],
    ],
    ['aws-kms', {}, ['AWS_KMS_KEY']],
    ['file', { KEYS: '{}', KEYS_FILE: 'keys.json' }, ['KEYS']],
  ])('should say what KEY_PROVIDER=%s misses of %j', (KEY_PROVIDER, env, names) => {
    const { problems } = refusal({ KEY_PROVIDER, ...env });
    expect(problems.map(({ name }) => name)).toEqual(names);
  });

  it('should need no KEYS_FILE in production where its text is given', () => {
    const { KEYS_FILE: _, ...rest } = production;
    const { keysFile, keyService } = readConfig({ ...rest, KEY_PROVIDER: 'env', KEYS: '{"version":1}' });
    expect([keysFile, keyService.provider, keyService.text?.reveal()]).toEqual([undefined, 'env', '{"version":1}']);
    expect(inspect(keyService)).not.toContain('version');
  });

  it('should read how a key service is reached', () => {
    const vault = { VAULT_ADDR: 'https://vault:8200', VAULT_TOKEN_FILE: '/run/token', VAULT_TRANSIT_KEY: 'claviger-1' };
    const { keyService } = readConfig({ ...production, ...vault, KEY_PROVIDER: 'vault-transit' });
    expect(keyService).toMatchObject({
      provider: 'vault-transit',
      vault: { address: 'https://vault:8200', mount: 'transit', key: 'claviger-1', tokenFile: '/run/token' },
      kmsKey: undefined,
    });
  });

  it.each([
    ['NODE_ENV', 'staging'],
    ['PORT', '70000'],
    ['DATABASE_URL', 'mysql://x/y'],
    ['BOOTSTRAP_ADMIN_KEY', 'secret'],
    ['OUTBOUND_ALLOWED_NETWORKS', '10.0.0.0/33'],
    ['OUTBOUND_ALLOWED_NETWORKS', 'example.com/8'],
    ['SANDBOX', 'maybe'],
    ['TRUSTED_PROXIES', '10.0.0.1'],
    ['TRUSTED_PROXIES', '0.0.0.0/0'],
    ['TRUSTED_PROXIES', '10.0.0.0/8, ::/0'],
    ['AUDIT_RETENTION_DAYS', '0'],
    ['AUDIT_RETENTION_DAYS', '1.5'],
    ['AUDIT_RETENTION_DAYS', 'forever'],
    ['RATE_LIMIT', '0'],
    ['RATE_LIMIT', '1.5'],
    ['RATE_LIMIT', 'none'],
    ['TOKEN_CACHE_MB', '0'],
    ['TOKEN_CACHE_MB', '1.5'],
    ['TOKEN_CACHE_MB', '65537'],
    ['KEY_PROVIDER', 'post-it'],
    ['AWS_KMS_KEY', 'alias/claviger'],
    ['VAULT_TRANSIT_MOUNT', '/transit/'],
  ])('should refuse %s=%s', (name, value) => {
    expect(refusal({ [name]: value }).problems).toEqual([expect.objectContaining({ name })]);
  });

  it('should keep the whole audit log unless it is told for how many days', () => {
    expect(readConfig({}).auditRetentionDays).toBeUndefined();
    expect(readConfig({ AUDIT_RETENTION_DAYS: '365' }).auditRetentionDays).toBe(365);
  });

  it('should take an empty list of networks as none, and an empty variable as absent', () => {
    const config = readConfig({ OUTBOUND_ALLOWED_NETWORKS: '', HOST: '' });
    expect(config.outboundAllowedNetworks).toEqual([]);
    expect(config.host).toBe('127.0.0.1');
  });

  it('should take the header of an identity only with the proxies that may send it', () => {
    const TRUSTED_PROXIES = '10.20.0.0/24,fd00:20::/64';
    const config = readConfig({ TRUSTED_PROXIES, IDENTITY_HEADER: 'X-Forwarded-Client-Cert' });
    expect(config.trustedProxies).toEqual(['10.20.0.0/24', 'fd00:20::/64']);
    expect(config.identityHeader).toBe('x-forwarded-client-cert');
    expect(refusal({ IDENTITY_HEADER: 'x-subject' }).problems).toMatchObject([{ name: 'TRUSTED_PROXIES' }]);
    for (const header of ['Authorization', 'x forwarded', 'content-type', 'host']) {
      expect(refusal({ IDENTITY_HEADER: header, TRUSTED_PROXIES }).problems).toMatchObject([
        { name: 'IDENTITY_HEADER' },
      ]);
    }
  });

  it('should never print the database password or the bootstrap key', () => {
    expect(JSON.stringify(readConfig(production))).not.toContain('pw@');
  });
});
