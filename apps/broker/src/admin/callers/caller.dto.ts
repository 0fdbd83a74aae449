import { type CallerFields, type CallerRecord, NO_FIELDS, type Role, ROLES } from '@app/callers';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  NAME_MESSAGE,
  NAME_PATTERN,
} from '@app/common';
import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  type ApiPropertyOptions,
  schemaOf,
} from '../../http/documented.js';
import { IsInstant, toInstant } from '../../http/instant.js';
import { ListOf } from '../../http/list-of.decorator.js';
import { Omissible } from '../../http/omissible.decorator.js';
import { toTime, toTimeOrNull } from '../../http/time.js';
import { complaintAboutIdentity, IdentityDto } from './identity.dto.js';
import { complaintAboutRule, LimitedRuleDto, type RuleDto, sameText, toRuleDto, toRuleFields } from './rule.dto.js';

const MOST_RULES = 200;
const MOST_IDENTITIES = 50;
const LONGEST_DESCRIPTION = 500;
const ONCE = 'must not name one twice';
const RULES: ApiPropertyOptions = {
  type: 'array',
  items: { oneOf: [{ type: 'string' }, { $ref: schemaOf(LimitedRuleDto) }] },
  example: ['klavi/*', { rule: 'berbix/prod-*', expires_at: '2027-01-01T00:00:00Z', networks: ['10.20.0.0/16'] }],
  description:
    'The connections that it gets tokens for: `provider/connection`, `*` for any characters of a name. As an object: only until a time, or from certain networks.',
};

/** The caller that a path names. */
export class CallerParams {
  @ApiProperty({ description: 'Name of the caller.', example: 'billing', pattern: NAME_PATTERN.source })
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly caller!: string;
}

/** What a caller may do. For PUT, what is left out is empty; for PATCH, it stays as it is. */
@ApiExtraModels(LimitedRuleDto)
export class CallerFieldsDto {
  @ApiPropertyOptional({ example: 'bills customers', maxLength: LONGEST_DESCRIPTION })
  @Omissible()
  @IsString({ message: 'must be a text' })
  @MaxLength(LONGEST_DESCRIPTION, { message: `must have at most ${LONGEST_DESCRIPTION} characters` })
  readonly description?: string;

  @ApiPropertyOptional({
    enum: ROLES,
    isArray: true,
    example: ['auditor'],
    description: '`admin` administers, `auditor` reads the audit log. Neither gets a token by that.',
  })
  @Omissible()
  @IsArray({ message: 'must be a list' })
  @IsIn(ROLES, { each: true, message: `each must be one of: ${ROLES.join(', ')}` })
  @ArrayUnique({ message: ONCE })
  readonly roles?: readonly Role[];

  @ApiPropertyOptional(RULES)
  @Omissible()
  @ListOf(complaintAboutRule)
  @ArrayMaxSize(MOST_RULES, { message: `must have at most ${MOST_RULES} rules` })
  @ArrayUnique(sameText, { message: ONCE })
  readonly rules?: readonly RuleDto[];

  @ApiPropertyOptional({ type: [IdentityDto], description: 'How it may authenticate beside its API keys.' })
  @Omissible()
  @ListOf(complaintAboutIdentity)
  @ArrayMaxSize(MOST_IDENTITIES, { message: `must have at most ${MOST_IDENTITIES} identities` })
  @ArrayUnique(sameText, { message: ONCE })
  readonly identities?: readonly IdentityDto[];

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'From then on none of its keys is good; null where it does not expire.',
  })
  @IsOptional()
  @IsInstant()
  readonly expires_at?: string | null;
}

/** A caller. Its ETag is the version that If-Match takes. */
export class CallerDto {
  @ApiProperty({ example: 'billing' })
  readonly name!: string;

  @ApiProperty({ example: 'bills customers' })
  readonly description!: string;

  @ApiProperty({ enum: ROLES, isArray: true, example: [] })
  readonly roles!: readonly Role[];

  @ApiProperty(RULES)
  readonly rules!: readonly RuleDto[];

  @ApiProperty({ type: [IdentityDto] })
  readonly identities!: readonly IdentityDto[];

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  readonly expires_at!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:00:00Z' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:00:00Z' })
  readonly updated_at!: string;
}

/** Part of the list of callers. */
export class CallerPageDto {
  @ApiProperty({ type: [CallerDto] })
  readonly items!: readonly CallerDto[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Asks for what follows; null at the end.' })
  readonly next_cursor!: string | null;
}

/** The caller in the words of the HTTP contract. */
export const toCallerDto = (caller: CallerRecord): CallerDto => ({
  name: caller.name,
  description: caller.description,
  roles: caller.roles,
  rules: caller.rules.map(toRuleDto),
  identities: caller.identities,
  expires_at: toTimeOrNull(caller.expiresAt),
  created_at: toTime(caller.createdAt),
  updated_at: toTime(caller.updatedAt),
});

/** The fields that were sent, and no others. */
export const toChanges = ({ expires_at, rules, ...sent }: CallerFieldsDto): Partial<CallerFields> => ({
  ...sent,
  ...(rules === undefined ? {} : { rules: rules.map(toRuleFields) }),
  ...(expires_at === undefined ? {} : { expiresAt: timeOf(expires_at) }),
});

/** All fields: those that were not sent are empty. */
export const toFields = (sent: CallerFieldsDto): CallerFields => ({ ...NO_FIELDS, ...toChanges(sent) });

/** The time of a validated field, or null. */
export function timeOf(text: string | null | undefined): Date | null {
  const instant = typeof text === 'string' ? toInstant(text) : undefined;
  return instant === undefined ? null : new Date(instant);
}
