import type { Rule } from '../contract/answers-file.js';
import type { Contract } from '../contract/contract.js';
import { findQuirks } from '../providers/quirks.js';
import type { Asked } from './asked.js';
import { type Condition, CONDITIONS, tokenCondition } from './conditions.js';

/** What a condition of a rule stands for at a provider; undefined where nothing knows its name. */
export function findCondition(provider: string, kinds: readonly string[], name: string): Condition | undefined {
  return findQuirks(provider)?.conditions?.[name] ?? CONDITIONS[name] ?? tokenCondition(name, kinds);
}

/** What the provider's rules say to a request: the first one that holds. `respond` is `success` or a documented answer. */
export function decide(asked: Asked): Pick<Rule, 'respond' | 'revoke'> {
  return asked.exchange.rules.find((each) => applies(each, asked)) ?? { respond: 'unknown_route' };
}

function applies(rule: Rule, asked: Asked): boolean {
  const { provider, sandbox } = asked.contract;
  const kinds = Object.keys(sandbox.tokens);
  const holds = (text: string) => {
    const [name = '', ...args] = text.split(':');
    return findCondition(provider, kinds, name)?.(asked, ...args) === true;
  };
  return rule.any ? rule.if.some(holds) : rule.if.every(holds);
}

/**
 * Makes certain that every condition of a provider's rules means something.
 * @throws a sentence that names the file and the condition
 */
export function requireConditions({ provider, sandbox, exchanges }: Contract): void {
  const kinds = Object.keys(sandbox.tokens);
  const texts = exchanges.flatMap(({ rules }) => rules.flatMap((rule) => rule.if));
  const unknown = texts.find((text) => !findCondition(provider, kinds, text.split(':')[0] ?? ''));
  if (unknown !== undefined) {
    const advice = `Use one of answers/README.md, or add it in apps/sandbox/src/providers/${provider}.ts.`;
    throw new Error(`${provider}.json: nothing knows the condition "${unknown}". ${advice}`);
  }
}
