import type { LimitedRule, RuleFields } from './rule.js';

/** A limited rule as its column holds it; `index` is its place among all rules of the caller. */
type StoredRule = {
  readonly index: number;
  readonly rule: string;
  readonly expires_at: string | null;
  readonly networks: string[] | null;
};

/** The two columns that hold a caller's rules. */
export interface RuleColumns {
  readonly rules: readonly string[];
  readonly limitedRules: readonly StoredRule[];
}

/**
 * Rules with limits have a column of their own: a version that knows no limits reads the other one alone, and so grants less
 * while both run, never more.
 */
export function toRuleColumns(all: readonly RuleFields[]): RuleColumns {
  return {
    rules: all.filter((fields) => typeof fields === 'string'),
    limitedRules: all.flatMap((fields, index) => (typeof fields === 'string' ? [] : [toStored(fields, index)])),
  };
}

/** The rules of both columns in the order in which they were given. */
export function ofRuleColumns(rules: readonly string[], limitedRules: unknown): readonly RuleFields[] {
  const all: RuleFields[] = [...rules];
  for (const stored of limitedRules as readonly StoredRule[]) {
    all.splice(stored.index, 0, ofStored(stored));
  }
  return all;
}

const toStored = ({ rule, expiresAt, networks }: LimitedRule, index: number): StoredRule => ({
  index,
  rule,
  expires_at: expiresAt?.toISOString() ?? null,
  networks: networks && [...networks],
});

const ofStored = ({ rule, expires_at, networks }: StoredRule): LimitedRule => ({
  rule,
  expiresAt: expires_at === null ? null : new Date(expires_at),
  networks,
});
