import { describe, expect, it } from '@jest/globals';
import { oneLine } from './one-line.js';

describe(oneLine.name, () => {
  it.each([
    ['the end of a line in other scripts', '\u0085 \u2028 \u2029', String.raw`"\u0085 \u2028 \u2029"`],
    ['the one-byte introducer of an escape sequence', '\u009b31m', String.raw`"\u009b31m"`],
    ['delete', 'a\u007f', String.raw`"a\u007f"`],
    ['marks that turn the direction of writing', '\u202egpj.exe\u2066', String.raw`"\u202egpj.exe\u2066"`],
    ['marks that nobody sees', '\ufeff\u200b\u061c', String.raw`"\ufeff\u200b\u061c"`],
  ])('should escape %s', (_what, value, expected) => {
    const text = oneLine(JSON.stringify(value));
    expect(text).toBe(expected);
    expect(JSON.parse(text)).toBe(value);
  });

  it('should escape half of a surrogate pair, which some writers of JSON leave as it is', () => {
    expect(oneLine('"a\ud800b😀"')).toBe(String.raw`"a\ud800b😀"`);
  });

  it('should leave every script as it is', () => {
    const text = JSON.stringify('ünïcode 漢字 😀 עברית العربية');
    expect(oneLine(text)).toBe(text);
  });
});
