import type { LogLevel, Secret } from '@app/common';
import type { Timing } from './timing.js';

/** How Vault's transit engine is reached. */
export interface VaultConfig {
  /** Without a slash at its end. */
  readonly address: string;
  readonly namespace: string | undefined;
  readonly mount: string;
  readonly key: string;
  /** One of both is set. The file is read at every request. */
  readonly token: Secret | undefined;
  readonly tokenFile: string | undefined;
}

/** What seals, and the services that can be asked to open; a service that is configured opens also where another one seals. */
export interface KeyServiceConfig {
  readonly provider: 'file' | 'env' | 'vault-transit' | 'aws-kms';
  /** The key file's text, where it is not on the disk. */
  readonly text: Secret | undefined;
  readonly vault: VaultConfig | undefined;
  /** ARN of a KMS key. */
  readonly kmsKey: string | undefined;
}

/** The environment, typed and validated: the one place that knows it (`config.module.ts` builds it, nobody else reads `process.env`). */
export interface Config {
  readonly environment: 'development' | 'production';
  readonly host: string;
  readonly port: number;
  /** Absent in development without DATABASE_URL: the embedded Postgres is meant. */
  readonly databaseUrl: Secret | undefined;
  /** Absolute path of the folder that development keeps its database, keys and admin key in. */
  readonly dataDir: string;
  /** Absolute path of this replica's folder for answers that are not stored yet; on a disk that outlives the process. */
  readonly spoolDir: string;
  /** Absolute path of this replica's folder for audit rows while the database is away; undefined: there is no such device. */
  readonly auditSpoolDir: string | undefined;
  readonly sandbox: boolean;
  readonly sandboxPort: number;
  /** Absolute path of the key file; absent in development where it is made in `dataDir`. */
  readonly keysFile: string | undefined;
  /** Whole days of the audit log that are kept; absent: all. */
  readonly auditRetentionDays: number | undefined;
  readonly keyService: KeyServiceConfig;
  readonly bootstrapAdminKey: Secret | undefined;
  /** CIDR networks that plain http and non-public addresses are allowed in. */
  readonly outboundAllowedNetworks: readonly string[];
  /** Absolute path of the file with the issuers whose tokens are accepted. */
  readonly identitiesFile: string | undefined;
  /** CIDR networks of the proxies whose headers about a client are believed. */
  readonly trustedProxies: readonly string[];
  /** The header, in lower case, in which they name the subject of a client's certificate. */
  readonly identityHeader: string | undefined;
  /** Requests a second and caller; undefined for no rate limits at all. */
  readonly rateLimit: number | undefined;
  /** Megabytes of memory that cached tokens may take. */
  readonly tokenCacheMb: number;
  readonly logLevel: LogLevel;
  readonly timing: Timing;
}
export const Config = Symbol('Config');
