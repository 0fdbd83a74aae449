import type { ConnectionName } from '@app/common';
import type { CallerRecord } from './caller-record.js';
import { type BrokenLimit, type Circumstances, compileRule, type RuleFields } from './rule.js';

/** What one rule says to a connection; it allows it where there is no reason against. */
export interface RuleVerdict {
  readonly rule: RuleFields;
  /** `pattern`: it is about other connections; else the limits that are not kept. */
  readonly reasons: readonly ('pattern' | BrokenLimit)[];
}

/** Why a caller may or may not get tokens for a connection. */
export interface Explanation {
  readonly callerExpired: boolean;
  /** Each rule of the caller, in its order. */
  readonly verdicts: readonly RuleVerdict[];
  /** The first rule that allows it; undefined where none does, or where the caller has expired. */
  readonly allowedBy: RuleFields | undefined;
}

/** Decides as a request for a token would, and says why. */
export function explain(caller: CallerRecord, name: ConnectionName, circumstances: Circumstances): Explanation {
  const callerExpired = caller.expiresAt !== null && caller.expiresAt.getTime() <= circumstances.now;
  const verdicts = caller.rules.map((rule) => ({ rule, reasons: reasonsAgainst(rule, name, circumstances) }));
  const first = verdicts.find(({ reasons }) => reasons.length === 0);
  return { callerExpired, verdicts, allowedBy: callerExpired ? undefined : first?.rule };
}

function reasonsAgainst(
  fields: RuleFields,
  name: ConnectionName,
  circumstances: Circumstances,
): RuleVerdict['reasons'] {
  const rule = compileRule(fields);
  return [...(rule.matches(name) ? [] : (['pattern'] as const)), ...rule.brokenLimits(circumstances)];
}
