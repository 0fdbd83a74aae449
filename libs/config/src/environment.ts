import { LOG_LEVELS, type LogLevel } from '@app/common';
import {
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  NotContains,
  ValidateIf,
} from 'class-validator';
import { IsNetworkList } from './network-list.js';

const inProduction = ({ NODE_ENV }: Environment): boolean => NODE_ENV === 'production';
const given = (value: unknown): boolean => value !== undefined;

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

  @ValidateIf((environment: Environment, value: unknown) => inProduction(environment) || given(value))
  @IsString()
  @IsNotEmpty({ message: 'must not be empty' })
  readonly KEYS_FILE?: string;

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

  @IsIn(LOG_LEVELS, { message: `must be one of ${LOG_LEVELS.join(', ')}` })
  readonly LOG_LEVEL: LogLevel = 'info';
}
