import type { Explanation } from '@app/callers';
import { type ConnectionName, IsIP, Matches, NAME_PATTERN } from '@app/common';
import { ApiProperty, ApiPropertyOptional, schemaOf } from '../../http/documented.js';
import { Omissible } from '../../http/omissible.decorator.js';
import { LimitedRuleDto, type RuleDto, toRuleDto } from './rule.dto.js';

const NAME = NAME_PATTERN.source.slice(1, -1);
const CONNECTION = new RegExp(`^${NAME}(?:/${NAME})?$`);
const RULE = { oneOf: [{ type: 'string' }, { $ref: schemaOf(LimitedRuleDto) }], example: 'klavi/*' };
const REASONS = ['pattern', 'expired', 'network'] as const;

/** What is to be explained. */
export class ExplainQuery {
  @ApiProperty({
    example: 'klavi/acme',
    pattern: CONNECTION.source,
    description: '`provider/connection`; the provider alone means its connection `default`.',
  })
  @Matches(CONNECTION, { message: 'must be "provider/connection", such as klavi/acme' })
  readonly connection!: string;

  @ApiPropertyOptional({ example: '10.20.0.7', description: 'Address that the request would come from.' })
  @Omissible()
  @IsIP(undefined, { message: 'must be an IP address' })
  readonly from?: string;
}

/** What one rule says to it. */
export class RuleVerdictDto {
  @ApiProperty(RULE)
  readonly rule!: RuleDto;

  @ApiProperty({ example: true })
  readonly allows!: boolean;

  @ApiProperty({
    enum: REASONS,
    isArray: true,
    example: [],
    description: 'Why it does not allow it; empty where it does.',
  })
  readonly reasons!: readonly (typeof REASONS)[number][];
}

/** Why a caller may or may not get tokens for a connection. */
export class ExplanationDto {
  @ApiProperty({ example: 'billing' })
  readonly caller!: string;

  @ApiProperty({ example: 'klavi/acme' })
  readonly connection!: string;

  @ApiProperty({ type: String, nullable: true, example: '10.20.0.7' })
  readonly from!: string | null;

  @ApiProperty({ description: 'Whether a rule allows it now, and the caller has not expired.', example: true })
  readonly allowed!: boolean;

  @ApiProperty({ ...RULE, nullable: true, description: 'The first rule that allows it.' })
  readonly allowed_by!: RuleDto | null;

  @ApiProperty({ description: 'Whether there is such a connection.', example: true })
  readonly exists!: boolean;

  @ApiProperty({ example: false })
  readonly caller_expired!: boolean;

  @ApiProperty({ type: [RuleVerdictDto] })
  readonly rules!: readonly RuleVerdictDto[];
}

/** The connection that a query names. */
export function connectionOf({ connection: text }: ExplainQuery): ConnectionName {
  const [provider = '', connection = 'default'] = text.split('/');
  return { provider, connection };
}

/** The explanation in the words of the HTTP contract. */
export const toExplanationDto = (
  caller: string,
  query: ExplainQuery,
  exists: boolean,
  { callerExpired, verdicts, allowedBy }: Explanation,
): ExplanationDto => ({
  caller,
  connection: Object.values(connectionOf(query)).join('/'),
  from: query.from ?? null,
  allowed: allowedBy !== undefined,
  allowed_by: allowedBy === undefined ? null : toRuleDto(allowedBy),
  exists,
  caller_expired: callerExpired,
  rules: verdicts.map(({ rule, reasons }) => ({ rule: toRuleDto(rule), allows: reasons.length === 0, reasons })),
});
