import { describe, expect, it } from '@jest/globals';
import { ofRuleColumns, toRuleColumns } from './rule-columns.js';
import type { RuleFields } from './rule.js';

const until: RuleFields = { rule: 'klavi/*', expiresAt: new Date('2030-01-01T00:00:00Z'), networks: null };
const inside: RuleFields = { rule: 'onmeta/*', expiresAt: null, networks: ['10.0.0.0/8'] };

const MIXES: readonly (readonly RuleFields[])[] = [
  [],
  ['a/b', 'c/d'],
  [until],
  [until, 'a/b', inside, 'c/d'],
  ['a/b', until, inside],
  [inside, until, 'a/b'],
];

describe('the columns of rules', () => {
  it.each(MIXES.map((rules) => [rules]))('should give back %j as it was', (rules) => {
    const columns = toRuleColumns(rules);
    expect(ofRuleColumns(columns.rules, JSON.parse(JSON.stringify(columns.limitedRules)))).toEqual(rules);
  });

  it('should show a version that knows no limits only the rules without', () => {
    expect(toRuleColumns([until, 'a/b', inside]).rules).toEqual(['a/b']);
  });

  it('should keep limited rules where such a version wrote fewer rules meanwhile', () => {
    const { limitedRules } = toRuleColumns(['a/b', 'c/d', until]);
    expect(ofRuleColumns([], limitedRules)).toEqual([until]);
  });
});
