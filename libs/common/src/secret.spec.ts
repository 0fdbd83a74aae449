import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { revealAll, Secret, toSecrets } from './secret.js';

describe(Secret.name, () => {
  const sut = new Secret('s3cret');

  it.each([
    ['a template', `${sut}`],
    ['JSON', JSON.stringify({ sut })],
    ['inspect', inspect({ sut }, { depth: 9, showHidden: true })],
    ['its keys', JSON.stringify(Object.entries(sut))],
  ])('should not be printed by %s', (_, text) => {
    expect(text).not.toContain('s3cret');
  });

  it('should reveal itself on purpose', () => {
    expect(sut.reveal()).toBe('s3cret');
    expect(revealAll(toSecrets({ a: 'x', b: 'y' }))).toEqual({ a: 'x', b: 'y' });
  });
});
