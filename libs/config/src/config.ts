import type { LogLevel, Secret } from '@app/common';
import type { Timing } from './timing.js';

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
  readonly sandbox: boolean;
  readonly sandboxPort: number;
  /** Absolute path of the key file; absent in development where it is made in `dataDir`. */
  readonly keysFile: string | undefined;
  readonly bootstrapAdminKey: Secret | undefined;
  /** CIDR networks that plain http and non-public addresses are allowed in. */
  readonly outboundAllowedNetworks: readonly string[];
  /** Requests a second and caller; undefined for no rate limits at all. */
  readonly rateLimit: number | undefined;
  readonly logLevel: LogLevel;
  readonly timing: Timing;
}
export const Config = Symbol('Config');
