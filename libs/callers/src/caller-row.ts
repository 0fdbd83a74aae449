import { type Caller, isRole } from './caller.js';
import { compileRule } from './rule.js';
import { ofRuleColumns } from './rule-columns.js';

/** What a Caller is made of, as columns of the table `callers` under the name `c`. */
export const CALLER_COLUMNS = 'c.name, c.roles, c.rules, c.limited_rules, c.expires_at as caller_expires_at';

/** A row of them. */
export interface CallerRow {
  readonly name: string;
  readonly roles: readonly string[];
  readonly rules: readonly string[];
  readonly limited_rules: unknown;
  readonly caller_expires_at: Date | null;
}

/** The one place where a Caller is made from what is stored; its rules are compiled once for all of its requests. */
export const toCaller = (row: CallerRow, keyId: string): Caller => ({
  name: row.name,
  keyId,
  roles: row.roles.filter(isRole),
  rules: ofRuleColumns(row.rules, row.limited_rules).map(compileRule),
});
