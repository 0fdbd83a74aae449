import type { ReconcileLine } from '@app/connections';
import { describe, expect, it } from '@jest/globals';
import { isLeft, summaryOf, tableOf } from './reconcile.table.js';

const newLine = (overrides: Partial<ReconcileLine> = {}): ReconcileLine => ({
  provider: 'xero',
  connection: 'acme',
  result: 'released',
  from: 9,
  to: 9,
  ...overrides,
});
const adopted = newLine({ connection: 'a', result: 'adopted', to: 12 });
const unreadable = newLine({ connection: 'much-longer', result: 'unreadable', detail: 'unknown: no_token' });

describe(tableOf.name, () => {
  it('should stand in columns, what needs a person last', () => {
    const lines = tableOf([unreadable, adopted, newLine()]).trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
      ['CONNECTION', 'RESULT', 'GENERATION'],
      ['xero/a', 'adopted', '9 → 12'],
      ['xero/acme', 'released', '9'],
      ['xero/much-longer', 'unreadable', '9'],
    ]);
    expect(new Set(lines.map((line) => line.search(/MEANING|a newer|nothing newer|an answer/))).size).toBe(1);
    expect(lines.at(-1)).toMatch(/\(unknown: no_token\)$/);
  });
});

describe(summaryOf.name, () => {
  it('should count, and say what is next', () => {
    expect(summaryOf([adopted, adopted, unreadable], false)).toMatch(
      /^3 connections: 2 adopted, 1 unreadable\. 1 needs a person: /,
    );
    expect(summaryOf([adopted], true)).toBe(
      '1 connection: 1 adopted. Nothing is left to do. Nothing was changed (--dry-run).\n',
    );
  });
});

describe(isLeft.name, () => {
  it.each([
    ['released', false],
    ['adopted', false],
    ['sent', false],
    ['credential_needed', true],
    ['unreadable', true],
    ['failed', true],
  ] as const)('should judge %s', (result, expected) => {
    expect(isLeft(newLine({ result }))).toBe(expected);
  });
});
