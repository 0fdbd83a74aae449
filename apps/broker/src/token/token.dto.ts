import { IsInt, Matches, Max, Min, NAME_MESSAGE, NAME_PATTERN } from '@app/common';
import { ApiProperty, ApiPropertyOptional } from '../http/documented.js';
import { Transform } from 'class-transformer';
import { Omissible } from '../http/omissible.decorator.js';
import { toInteger } from '../http/page.dto.js';

/** Seconds. */
export const LONGEST_MIN_TTL = 86_400;
/** What is meant where a request does not say; seconds. */
export const DEFAULT_MIN_TTL = 60;
export const DEFAULT_CONNECTION = 'default';
const MOST_GENERATIONS = 2_147_483_647;
const TTL_RANGE = `must be between 0 and ${LONGEST_MIN_TTL}`;

/** What GET takes in its query. */
export class TokenQuery {
  @ApiPropertyOptional({ default: DEFAULT_CONNECTION, example: 'acme', description: 'The connection of the provider.' })
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly connection: string = DEFAULT_CONNECTION;

  @ApiPropertyOptional({
    type: 'integer',
    default: DEFAULT_MIN_TTL,
    minimum: 0,
    maximum: LONGEST_MIN_TTL,
    description: 'Seconds that the token must live.',
  })
  @Transform(toInteger)
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: TTL_RANGE })
  @Max(LONGEST_MIN_TTL, { message: TTL_RANGE })
  readonly min_ttl: number = DEFAULT_MIN_TTL;
}

/** What POST takes in its body. */
export class TokenBody {
  @ApiPropertyOptional({ default: DEFAULT_CONNECTION, example: 'acme' })
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly connection: string = DEFAULT_CONNECTION;

  @ApiPropertyOptional({ type: 'integer', default: DEFAULT_MIN_TTL, minimum: 0, maximum: LONGEST_MIN_TTL })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: TTL_RANGE })
  @Max(LONGEST_MIN_TTL, { message: TTL_RANGE })
  readonly min_ttl: number = DEFAULT_MIN_TTL;

  @ApiPropertyOptional({
    type: 'integer',
    example: 41,
    description: 'The provider refused the token of this generation.',
  })
  @Omissible()
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must not be negative' })
  @Max(MOST_GENERATIONS, { message: 'is larger than any generation' })
  readonly rejected_generation?: number;
}

/** What else a caller should know. */
export class WarningView {
  @ApiProperty({ enum: ['min_ttl_unsatisfied', 'refresh_failing', 'outcome_unknown'] })
  readonly code!: string;

  @ApiProperty()
  readonly detail!: string;
}

/** An access token. */
export class TokenView {
  @ApiProperty({ example: 'klavi' })
  readonly provider!: string;

  @ApiProperty({ example: 'acme' })
  readonly connection!: string;

  @ApiProperty({ example: 'eyJ…' })
  readonly access_token!: string;

  @ApiProperty({ example: 'Bearer' })
  readonly token_type!: string;

  @ApiProperty({ example: 'Bearer eyJ…', description: 'The ready value of the Authorization header.' })
  readonly authorization!: string;

  @ApiProperty({ type: 'integer', example: 1742, description: 'Whole seconds.' })
  readonly expires_in!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:29:02Z' })
  readonly expires_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:00:00Z' })
  readonly issued_at!: string;

  @ApiProperty({ type: 'integer', example: 41 })
  readonly generation!: number;

  @ApiProperty({ enum: ['cache', 'refresh'] })
  readonly source!: 'cache' | 'refresh';

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: {} })
  readonly extra!: Readonly<Record<string, string>>;

  @ApiProperty({ type: [WarningView] })
  readonly warnings!: readonly WarningView[];
}
