import { describe, expect, it } from '@jest/globals';
import { CSV_HEADER, toRecord } from './csv.js';

const record = (body: object): string =>
  toRecord({
    stream: '7',
    seq: 3,
    at: '2026-11-21T10:00:00.000Z',
    hash: 'ab',
    body: JSON.stringify({ action: 'token.issued', outcome: 'ok', actor: 'system', ...body }),
  });

describe(toRecord.name, () => {
  it('should have a value for every field', () => {
    expect(CSV_HEADER).toMatch(/^stream,seq,at,action,.*,count,hash\r\n$/);
    expect(record({ fields: ['a', 'b'] })).toBe(
      '7,3,2026-11-21T10:00:00.000Z,token.issued,ok,system,,,,,,,,,,,,,database,a b,1,ab\r\n',
    );
  });

  it.each([
    ['=1+1', `'=1+1`],
    ['+1', `'+1`],
    ['-1', `'-1`],
    ['@SUM(A1)', `'@SUM(A1)`],
    ['\tx', `'\tx`],
    ['\r=1', `"'\r=1"`],
    ['=a,"b"', `"'=a,""b"""`],
    ['a,b', '"a,b"'],
    ['a "quoted" word', '"a ""quoted"" word"'],
    ['two\r\nlines', '"two\r\nlines"'],
    ['1-1', '1-1'],
  ])('should write %j so that no spreadsheet runs it', (given, written) => {
    expect(record({ reason: given })).toContain(`,,,,,,,,,${written},,`);
  });

  it('should leave numbers as they are', () => {
    expect(record({ duration_ms: -5 })).toContain(',-5,');
  });
});
