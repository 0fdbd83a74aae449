import { describe, expect, it } from '@jest/globals';
import { complaintsAbout } from './plain-input.js';

function nested(depth: number): unknown {
  let value: unknown = 'end';
  for (let level = 0; level < depth; level += 1) {
    value = { a: value };
  }
  return value;
}

describe('complaintsAbout', () => {
  it('should have none about what JSON usually holds', () => {
    const input = { text: 'naïve 🎉', list: ['a', 1, true, null], deep: nested(5), empty: {} };

    expect(complaintsAbout(input)).toEqual([]);
  });

  it.each(['\0', 'a\0b', '\ud800', 'a\udc00', '\ude00\ud83d'])('should name the field of %j', (text) => {
    expect(complaintsAbout({ settings: { name: text } })).toEqual([
      { field: 'settings.name', message: 'must not contain NUL or half of a surrogate pair' },
    ]);
  });

  it.each(['\0', 'a\0b', '\ud800'])('should not take %j as a name either, whatever its value', (name) => {
    const message = 'has a name that contains NUL or half of a surrogate pair';

    for (const value of [null, 'x', {}]) {
      expect(complaintsAbout({ secrets: { [name]: value } })).toEqual([{ field: `secrets.${name}`, message }]);
    }
  });

  it('should name the place in a list', () => {
    expect(complaintsAbout({ rules: ['klavi/*', '\0'] })).toMatchObject([{ field: 'rules.1' }]);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', '__defineGetter__', '__proto__'])(
    'should not know a member %s',
    (name) => {
      const input: unknown = JSON.parse(`{ "settings": { "${name}": "x" } }`);

      expect(complaintsAbout(input)).toEqual([{ field: `settings.${name}`, message: 'is not known here' }]);
    },
  );

  it('should refuse what is nested without end, and not follow it', () => {
    const [complaint, ...others] = complaintsAbout(nested(100_000));

    expect(complaint?.message).toBe('is nested too deeply');
    expect(others).toEqual([]);
  });
});
