import { describe, expect, it } from '@jest/globals';
import { createLog } from './log.js';

describe(createLog.name, () => {
  it('should write one line a call, in which nothing acts upon who reads it', () => {
    const lines: string[] = [];
    const reason = 'a\r\nb \u001b[2J \u009b2J \u0085 \u2028 \u202e "},{"';
    createLog('info', { write: (line: string) => void lines.push(line) }).info('Something happened.', { reason });
    expect(lines).toEqual([expect.stringMatching(/^[ -~]+\n$/)]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'Something happened.', reason });
  });
});
