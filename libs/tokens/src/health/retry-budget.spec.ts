import { describe, expect, it } from '@jest/globals';
import { RetryBudget } from './retry-budget.js';

const spend = (budget: RetryBudget, now: number): number => {
  let spent = 0;
  while (budget.withdraw(now)) {
    spent += 1;
  }
  return spent;
};

describe(RetryBudget.name, () => {
  it('should allow a hundred retries at once and five a second from then on', () => {
    const sut = new RetryBudget();
    expect(spend(sut, 0)).toBe(100);
    expect(spend(sut, 1000)).toBe(5);
    expect(spend(sut, 11_000)).toBe(50);
  });

  it('should allow a quarter more where many first attempts are made', () => {
    const sut = new RetryBudget();
    spend(sut, 0);
    Array.from({ length: 40 }, () => sut.deposit(0));
    expect(spend(sut, 0)).toBe(10);
  });

  it('should never save up more than a hundred', () => {
    const sut = new RetryBudget();
    spend(sut, 0);
    expect(spend(sut, 10_000_000)).toBe(100);
  });
});
