import { Secret, validateSync } from '@app/common';
import { plainToInstance } from 'class-transformer';
import { join, resolve } from 'node:path';
import type { Config, KeyServiceConfig } from './config.js';
import { ConfigError, type VariableProblem } from './config.error.js';
import { Environment } from './environment.js';
import { parseNetworks } from './network-list.js';
import { TIMING } from './timing.js';
import { type VariableName, VARIABLES } from './variables.js';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const NUMBERS: ReadonlySet<VariableName> = new Set(['PORT', 'SANDBOX_PORT', 'AUDIT_RETENTION_DAYS', 'TOKEN_CACHE_MB']);

/**
 * The environment as a Config. An empty variable counts as absent, except OUTBOUND_ALLOWED_NETWORKS, where empty means "none".
 * @throws ConfigError that lists everything missing or malformed.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const environment = plainToInstance(Environment, pick(env), { exposeDefaultValues: true });
  const problems = validateSync(environment, { stopAtFirstError: true }).map(({ property, value, constraints }) => ({
    name: property as VariableName,
    problem: value === undefined ? 'is missing' : (Object.values(constraints ?? {})[0] ?? 'is malformed'),
  }));
  const all: VariableProblem[] = [...problems, ...conflicts(environment)];
  if (all.length > 0) {
    throw new ConfigError(all);
  }
  return interpret(environment);
}

function pick(env: Readonly<Record<string, string | undefined>>): Record<string, string | number> {
  const entries: [string, string | number][] = [];
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    const value = env[name];
    if (value === undefined || (value === '' && name !== 'OUTBOUND_ALLOWED_NETWORKS')) {
      continue;
    }
    entries.push([name, NUMBERS.has(name) && /^\d+$/.test(value) ? Number(value) : value]);
  }
  return Object.fromEntries(entries);
}

function conflicts(environment: Environment): VariableProblem[] {
  const { NODE_ENV, SANDBOX, KEYS, KEYS_FILE, VAULT_ADDR, VAULT_TOKEN, VAULT_TOKEN_FILE } = environment;
  const { IDENTITY_HEADER, TRUSTED_PROXIES } = environment;
  const problems: readonly (VariableProblem | false)[] = [
    NODE_ENV === 'production' &&
      SANDBOX === 'on' && {
        name: 'SANDBOX',
        problem: 'must not be "on" in production: real credentials must never meet the stand-in',
      },
    KEYS !== undefined &&
      KEYS_FILE !== undefined && { name: 'KEYS', problem: 'must not be set beside KEYS_FILE: which one counts?' },
    VAULT_ADDR !== undefined &&
      (VAULT_TOKEN === undefined) === (VAULT_TOKEN_FILE === undefined) && {
        name: 'VAULT_TOKEN',
        problem: 'or VAULT_TOKEN_FILE must be set, and not both',
      },
    IDENTITY_HEADER !== undefined &&
      TRUSTED_PROXIES === undefined && {
        name: 'TRUSTED_PROXIES',
        problem: 'is missing: without it nobody may send the IDENTITY_HEADER',
      },
  ];
  return problems.filter((problem) => problem !== false);
}

function interpret(environment: Environment): Config {
  const production = environment.NODE_ENV === 'production';
  const networks = environment.OUTBOUND_ALLOWED_NETWORKS;
  return {
    environment: environment.NODE_ENV,
    host: environment.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: environment.PORT,
    databaseUrl: environment.DATABASE_URL === undefined ? undefined : new Secret(environment.DATABASE_URL),
    dataDir: resolve(environment.DATA_DIR),
    spoolDir: resolve(environment.SPOOL_DIR ?? join(environment.DATA_DIR, 'spool')),
    auditSpoolDir: environment.AUDIT_SPOOL_DIR === undefined ? undefined : resolve(environment.AUDIT_SPOOL_DIR),
    sandbox: !production && environment.SANDBOX !== 'off',
    sandboxPort: environment.SANDBOX_PORT,
    keysFile: environment.KEYS_FILE === undefined ? undefined : resolve(environment.KEYS_FILE),
    keyService: keyServiceOf(environment),
    bootstrapAdminKey:
      environment.BOOTSTRAP_ADMIN_KEY === undefined ? undefined : new Secret(environment.BOOTSTRAP_ADMIN_KEY),
    outboundAllowedNetworks: networks === undefined ? (production ? [] : LOOPBACK) : parseNetworks(networks),
    identitiesFile: environment.IDENTITIES_FILE === undefined ? undefined : resolve(environment.IDENTITIES_FILE),
    trustedProxies: parseNetworks(environment.TRUSTED_PROXIES ?? ''),
    identityHeader: environment.IDENTITY_HEADER?.toLowerCase(),
    auditRetentionDays: environment.AUDIT_RETENTION_DAYS,
    rateLimit: environment.RATE_LIMIT === 'off' ? undefined : Number(environment.RATE_LIMIT),
    tokenCacheMb: environment.TOKEN_CACHE_MB,
    logLevel: environment.LOG_LEVEL,
    timing: TIMING,
  };
}

function keyServiceOf(environment: Environment): KeyServiceConfig {
  const { VAULT_ADDR: address, VAULT_TRANSIT_KEY: key, VAULT_TOKEN_FILE: tokenFile } = environment;
  return {
    provider: environment.KEY_PROVIDER,
    text: secretOf(environment.KEYS),
    vault:
      address === undefined || key === undefined
        ? undefined
        : {
            address,
            namespace: environment.VAULT_NAMESPACE,
            mount: environment.VAULT_TRANSIT_MOUNT,
            key,
            token: secretOf(environment.VAULT_TOKEN),
            tokenFile: tokenFile === undefined ? undefined : resolve(tokenFile),
          },
    kmsKey: environment.AWS_KMS_KEY,
  };
}

const secretOf = (text: string | undefined): Secret | undefined => (text === undefined ? undefined : new Secret(text));
