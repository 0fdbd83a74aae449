import {
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  LOG_LEVELS,
  type LogLevel,
  Matches,
  Max,
  Min,
  NotContains,
  ValidateIf,
} from '@app/common';
import { IsNetworkList } from './network-list.js';

const inProduction = ({ NODE_ENV }: Environment): boolean => NODE_ENV === 'production';
const given = (value: unknown): boolean => value !== undefined;
const provides = (provider: Environment['KEY_PROVIDER']) => (environment: Environment, value: unknown) =>
  environment.KEY_PROVIDER === provider || given(value);
const KEY_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** The key file holds more than encryption keys: without its text, production needs it whatever seals. */
const needsKeysFile = (environment: Environment): boolean =>
  inProduction(environment) && !given(environment.KEYS) && environment.KEY_PROVIDER !== 'env';

/** The environment as it was read: strings and numbers, checked but not yet interpreted. */
export class Environment {
  @IsIn(['development', 'production'], { message: 'must be "development" or "production"' })
  readonly NODE_ENV: 'development' | 'production' = 'development';

  @IsOptional()
  @IsString()
  @IsNotEmpty({ message: 'must not be empty' })
  readonly HOST?: string;

  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must be between 0 and 65535' })
  @Max(65_535, { message: 'must be between 0 and 65535' })
  readonly PORT: number = 3000;

  @ValidateIf((environment: Environment, value: unknown) => inProduction(environment) || given(value))
  @Matches(/^postgres(?:ql)?:\/\/\S+\/\S+$/, {
    message: 'must look like postgresql://user:password@host:port/database',
  })
  readonly DATABASE_URL?: string;

  @IsString()
  @IsNotEmpty({ message: 'must not be empty' })
  readonly DATA_DIR: string = '.data';

  @IsOptional()
  @IsString()
  @IsNotEmpty({ message: 'must not be empty' })
  readonly SPOOL_DIR?: string;

  @IsOptional()
  @IsString()
  @IsNotEmpty({ message: 'must not be empty' })
  readonly AUDIT_SPOOL_DIR?: string;

  @IsOptional()
  @IsIn(['on', 'off'], { message: 'must be "on" or "off"' })
  readonly SANDBOX?: 'on' | 'off';

  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must be between 0 and 65535' })
  @Max(65_535, { message: 'must be between 0 and 65535' })
  readonly SANDBOX_PORT: number = 3900;

  @IsIn(['file', 'env', 'vault-transit', 'aws-kms'], {
    message: 'must be "file", "env", "vault-transit" or "aws-kms"',
  })
  readonly KEY_PROVIDER: 'file' | 'env' | 'vault-transit' | 'aws-kms' = 'file';

  @ValidateIf((environment: Environment, value: unknown) => needsKeysFile(environment) || given(value))
  @IsString()
  @IsNotEmpty({ message: 'must not be empty' })
  readonly KEYS_FILE?: string;

  @ValidateIf(provides('env'))
  @IsString()
  readonly KEYS?: string;

  @ValidateIf(provides('vault-transit'))
  @Matches(/^(?:https:\/\/[^\s/?#@]+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?)$/, {
    message: 'must be https://host:port, or http to this machine, and nothing behind it',
  })
  readonly VAULT_ADDR?: string;

  @IsOptional()
  @Matches(/^[\w./-]+$/, { message: 'must be the path of a namespace' })
  readonly VAULT_NAMESPACE?: string;

  @IsOptional()
  @Matches(/^\S+$/, { message: 'must be one token' })
  readonly VAULT_TOKEN?: string;

  @IsOptional()
  @IsString()
  readonly VAULT_TOKEN_FILE?: string;

  @Matches(/^\w[\w.-]*(?:\/[\w.-]+)*$/, { message: 'must be the path of a mount, without slashes around it' })
  readonly VAULT_TRANSIT_MOUNT: string = 'transit';

  @ValidateIf(
    (environment: Environment, value: unknown) =>
      given(environment.VAULT_ADDR) || provides('vault-transit')(environment, value),
  )
  @Matches(KEY_NAME, { message: 'must be 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit' })
  readonly VAULT_TRANSIT_KEY?: string;

  @ValidateIf(provides('aws-kms'))
  @Matches(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, {
    message: 'must be the ARN of a key (no alias)',
  })
  readonly AWS_KMS_KEY?: string;

  @IsOptional()
  @Matches(/^clv_[a-z0-9]{12}_[\w-]{43}[0-9A-Za-z]{6}$/, { message: 'is not in the key format' })
  readonly BOOTSTRAP_ADMIN_KEY?: string;

  @IsOptional()
  @IsNetworkList({ message: 'must be a comma-separated list of networks such as 10.20.0.0/16' })
  readonly OUTBOUND_ALLOWED_NETWORKS?: string;

  @IsOptional()
  @IsString()
  @IsNotEmpty({ message: 'must not be empty' })
  readonly IDENTITIES_FILE?: string;

  @IsOptional()
  @IsNetworkList({ message: 'must be a comma-separated list of networks such as 10.20.0.0/24' })
  @NotContains('/0', { message: 'must not trust everybody: name the networks of your proxies' })
  readonly TRUSTED_PROXIES?: string;

  @IsOptional()
  @Matches(/^(?!(?:authorization|host|connection|content-.*|x-forwarded-for|x-request-id)$)[a-z0-9-]{1,64}$/i, {
    message: 'must be the name of a header that only your proxy sets, such as x-forwarded-client-cert',
  })
  readonly IDENTITY_HEADER?: string;

  @IsOptional()
  @IsInt({ message: 'must be a whole number of days' })
  @Min(1, { message: 'must be between 1 and 36500' })
  @Max(36_500, { message: 'must be between 1 and 36500' })
  readonly AUDIT_RETENTION_DAYS?: number;

  @Matches(/^(?:off|[1-9]\d{0,5})$/, { message: 'must be a whole number from 1 to 999999, or "off"' })
  readonly RATE_LIMIT: string = '1000';

  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be between 1 and 65536' })
  @Max(65_536, { message: 'must be between 1 and 65536' })
  readonly TOKEN_CACHE_MB: number = 64;

  @IsIn(LOG_LEVELS, { message: `must be one of ${LOG_LEVELS.join(', ')}` })
  readonly LOG_LEVEL: LogLevel = 'info';
}
