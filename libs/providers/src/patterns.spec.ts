import { describe, expect, it } from '@jest/globals';
import {
  DOTTED_PATH,
  FIELD_NAME,
  HEADER_LINE,
  HEADER_NAME,
  PARAMETER_NAME,
  PATTERN_WORDS,
  SCHEME,
  URL_TEMPLATE,
  URL_WORD,
} from './patterns.js';

const CASES: readonly (readonly [name: string, pattern: string, good: readonly string[], bad: readonly string[]])[] = [
  [
    'HEADER_NAME',
    HEADER_NAME,
    ['Notion-Version', 'accept', 'x-api-key', 'hosts', 'authorization-x'],
    ['authorization', 'Authorization', 'HOST', 'Content-Length', 'transfer-encoding', 'a b', 'a:', 'x\ny', ''],
  ],
  ['HEADER_LINE', HEADER_LINE, ['2022-06-28', 'a b', 'x'], ['a\r\nb', ' a', 'a ', 'ü', '']],
  [
    'URL_WORD',
    URL_WORD,
    ['common', 'acme.eu', 'a_b-c', '42'],
    ['a/b', 'a@b', '..', 'a..b', '.a', 'a:1', 'a?b', 'ü', ''],
  ],
  [
    'URL_TEMPLATE',
    URL_TEMPLATE,
    ['https://a.example/t', 'http://127.0.0.1:9/t?refresh', 'https://{shop}.example/{tenant}/t/', 'HTTPS://a.example'],
    ['ftp://a', 'https://', 'a.example', 'https://u@a.example', 'https://a.example#x', 'https://{Shop}.example'],
  ],
  ['DOTTED_PATH', DOTTED_PATH, ['a', 'data.accessToken', 'errors.0.code', '$x:y'], ['', '.a', 'a.', 'a..b', 'a b']],
  ['PARAMETER_NAME', PARAMETER_NAME, ['grant_type', 'a[b]', 'client-key'], ['__proto__', 'a b', 'a"b', 'a\r\nb', '']],
  ['FIELD_NAME', FIELD_NAME, ['team_id', 'a1'], ['TeamId', '1a', '_a', '__proto__', '']],
  ['SCHEME', SCHEME, ['Bearer', 'Zoho-oauthtoken'], ['a b', 'a\n', '']],
];

describe.each(CASES)('%s', (_name, pattern, good, bad) => {
  it('should tell what may stand there from what may not', () => {
    const sut = new RegExp(pattern);

    expect(good.filter((text) => !sut.test(text))).toEqual([]);
    expect(bad.filter((text) => sut.test(text))).toEqual([]);
  });

  it('should have words for whoever got it wrong', () => {
    expect(PATTERN_WORDS[pattern]).toMatch(/^must /);
  });
});
