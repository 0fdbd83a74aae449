import { describe, expect, it } from '@jest/globals';
import { lookUp, numberOf, parseJsonObject, textOf } from './json.js';

const at = (text: string, path: string): unknown => lookUp(parseJsonObject(text) ?? {}, path);

describe('JSON of answers', () => {
  it.each(['', 'null', '[]', '"text"', '1', 'true', '{"a":', '<html></html>', '{"a":1} trailing', '['.repeat(60_000)])(
    'should take %.20s for no object',
    (text) => {
      expect(parseJsonObject(text)).toBeUndefined();
    },
  );

  it('should keep an int64 as it was written', () => {
    expect(textOf(at('{"transaction_id":9223372036854775807}', 'transaction_id'))).toBe('9223372036854775807');
  });

  it('should let the last of duplicate keys win', () => {
    expect(at('{"token":"first","token":"last"}', 'token')).toBe('last');
    expect(at('{"data":{"token":"a"},"data":{"token":"b"}}', 'data.token')).toBe('b');
  });

  it('should treat __proto__ as a key like any other', () => {
    const json = parseJsonObject('{"__proto__":{"token":"stolen","polluted":true}}') ?? {};

    expect(lookUp(json, 'token')).toBeUndefined();
    expect(lookUp(json, 'polluted')).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('should find an item of a list by its number alone', () => {
    const body = '{"errors":[{"code":"expired_token"}]}';

    expect(at(body, 'errors.0.code')).toBe('expired_token');
    expect(at(body, 'errors.1.code')).toBeUndefined();
    expect(at(body, 'errors.length')).toBeUndefined();
    expect(at(body, 'errors.-1')).toBeUndefined();
  });

  it('should find nothing that is inherited', () => {
    expect(at('{"data":{}}', 'constructor')).toBeUndefined();
    expect(at('{"data":{}}', 'data.toString')).toBeUndefined();
    expect(at('{"data":"text"}', 'data.length')).toBeUndefined();
    expect(at('{"data":12}', 'data.value')).toBeUndefined();
  });

  it.each([
    ['text', '"abc"', 'abc'],
    ['number', '15e2', '15e2'],
    ['empty text', '""', undefined],
    ['null', 'null', undefined],
    ['object', '{}', undefined],
    ['boolean', 'true', undefined],
  ])('should read the text of a %s', (_what, value, expected) => {
    expect(textOf(at(`{"v":${value}}`, 'v'))).toBe(expected);
  });

  it.each([
    ['3600', 3600],
    ['"3600"', 3600],
    ['" 1800 "', 1800],
    ['1e12', 1e12],
    ['-1', -1],
    ['1481650253.342885', 1481650253.342885],
    ['null', undefined],
    ['""', Number.NaN],
    ['"soon"', Number.NaN],
    ['true', Number.NaN],
    ['[]', Number.NaN],
  ])('should read %s as the number %p', (value, expected) => {
    expect(numberOf(at(`{"v":${value}}`, 'v'))).toBe(expected);
  });

  it('should read nothing as no number', () => {
    expect(numberOf(at('{}', 'v'))).toBeUndefined();
  });
});
