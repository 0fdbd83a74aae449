import { describe, expect, it } from '@jest/globals';
import { toContract } from '../contract/contract.js';
import { loadAnswers } from '../contract/load-answers.js';
import { findCondition, requireConditions } from './decide.js';

describe('conditions', () => {
  it.each([...loadAnswers().values()])('should know every one that $provider’s rules name', (file) => {
    expect(() => requireConditions(toContract(file))).not.toThrow();
  });

  it('should know tokens by the kinds of the provider', () => {
    expect(findCondition('acme', ['access', 'refresh'], 'refresh_revoked')).toBeDefined();
    expect(findCondition('acme', ['access'], 'refresh_revoked')).toBeUndefined();
  });

  it('should keep the conditions of one provider from the others', () => {
    expect(findCondition('monetate', [], 'assertion_bad_alg')).toBeDefined();
    expect(findCondition('klavi', [], 'assertion_bad_alg')).toBeUndefined();
  });

  it('should name the condition that nothing knows, and where to add it', () => {
    const file = loadAnswers().get('klavi');
    const contract = toContract({ ...file!, mock_rules: [{ if: ['moon_is_full:today'], respond: 'unauthorized' }] });

    expect(() => requireConditions(contract)).toThrow(/klavi.json.*"moon_is_full:today".*src\/providers\/klavi.ts/);
  });
});
