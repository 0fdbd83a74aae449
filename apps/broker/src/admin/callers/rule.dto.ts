import { type LimitedRule, RULE_MESSAGE, RULE_PATTERN, type RuleFields } from '@app/callers';
import { isNetwork } from '@app/common';
import { ApiProperty, ApiPropertyOptional } from '../../http/documented.js';
import { toInstant } from '../../http/instant.js';
import { membersOf } from '../../http/list-of.decorator.js';
import { toTimeOrNull } from '../../http/time.js';

const MEMBERS = ['rule', 'expires_at', 'networks'];
const MOST_NETWORKS = 50;

/** A rule with limits. */
export class LimitedRuleDto {
  @ApiProperty({ example: 'klavi/*', pattern: RULE_PATTERN.source })
  readonly rule!: string;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2027-01-01T00:00:00Z',
    description: 'From then on it covers nothing.',
  })
  readonly expires_at?: string | null;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    example: ['10.20.0.0/16'],
    description: 'CIDR: it covers requests from these networks only.',
  })
  readonly networks?: readonly string[] | null;
}

/** A rule as it is sent and answered: a pattern alone, or with limits. */
export type RuleDto = string | LimitedRuleDto;

/** By what two items of a list are the same: all that they say. */
export const sameText = (item: unknown): string => JSON.stringify(item);

/** The rule as the library takes it. Validated before. */
export function toRuleFields(sent: RuleDto): RuleFields {
  if (typeof sent === 'string') {
    return sent;
  }
  const { rule, expires_at: end, networks = null } = sent;
  const instant = typeof end === 'string' ? toInstant(end) : undefined;
  return { rule, expiresAt: instant === undefined ? null : new Date(instant), networks };
}

/** The rule in the words of the HTTP contract, in the form in which it was sent. */
export const toRuleDto = (fields: RuleFields): RuleDto => (typeof fields === 'string' ? fields : toLimited(fields));

const toLimited = ({ rule, expiresAt, networks }: LimitedRule): LimitedRuleDto => ({
  rule,
  expires_at: toTimeOrNull(expiresAt),
  networks,
});

/** What is wrong with a rule. */
export function complaintAboutRule(rule: unknown): string | undefined {
  if (typeof rule === 'string') {
    return RULE_PATTERN.test(rule) ? undefined : `each ${RULE_MESSAGE}`;
  }
  const members = membersOf(rule, MEMBERS);
  if (members === undefined) {
    return `each ${RULE_MESSAGE}; or { "rule", "expires_at", "networks" }`;
  }
  const { rule: pattern, expires_at: end = null, networks = null } = members;
  if (typeof pattern !== 'string' || !RULE_PATTERN.test(pattern)) {
    return `"rule" ${RULE_MESSAGE}`;
  }
  if (end !== null && (typeof end !== 'string' || toInstant(end) === undefined)) {
    return '"expires_at" of a rule must be a time with its zone (RFC 3339), such as 2026-11-21T10:00:00Z, or null';
  }
  return networks === null || areNetworks(networks)
    ? undefined
    : `"networks" of a rule must be 1 to ${MOST_NETWORKS} networks such as 10.20.0.0/16, or null`;
}

const areNetworks = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= MOST_NETWORKS &&
  value.every((network) => typeof network === 'string' && isNetwork(network));
