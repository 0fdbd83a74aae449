import { describe, expect, it } from '@jest/globals';
import { fillJson, fillText, placeholders } from './template.js';

describe('template', () => {
  it('should write a number as a number where the placeholder is the whole string', () => {
    expect(fillJson('{"a":"{ttl}","b":"for {ttl} s"}', { ttl: 5 })).toBe('{"a":5,"b":"for 5 s"}');
  });

  it('should write a string as a string, escaped', () => {
    expect(fillJson('{"a":"{x}","b":"<{x}>"}', { x: '"\\' })).toBe('{"a":"\\"\\\\","b":"<\\"\\\\>"}');
  });

  it('should leave alone what it does not know, inherited names too', () => {
    expect(fillJson('{"a":"{other}","b":"{toString}"}', { x: 1 })).toBe('{"a":"{other}","b":"{toString}"}');
    expect(fillText('{constructor} {x}', { x: 1 })).toBe('{constructor} 1');
  });

  it('should make another value for each place of a function', () => {
    let count = 0;
    expect(fillText('{n} {n}', { n: () => String(++count) })).toBe('1 2');
  });

  it('should name each placeholder once', () => {
    expect(placeholders('{"a":"{x}","b":"{y} {x}"}')).toEqual(['x', 'y']);
  });
});
