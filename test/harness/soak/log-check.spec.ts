import { describe, expect, it } from '@jest/globals';
import type { Asked } from './callers.js';
import type { Evidence } from './evidence.js';
import { issuedRows, unannouncedRequests, unfinishedAttempts, unrecordedTokens } from './log-check.js';
import { newAttempt, newCase, newIntent, newRequest, START } from './testing/new-case.js';

const TOKEN: Asked = { status: 200, code: null, hasToken: true };
const NOTHING: Asked = { status: null, code: null, hasToken: false };
const UNAUDITED: Asked = { status: 503, code: 'audit_unavailable', hasToken: false };
const UNSTORED: Asked = { status: 503, code: 'storage_unavailable', hasToken: false };
const REFUSED: Asked = { status: 409, code: 'reauthorization_required', hasToken: false };

const evidence = (asked: Readonly<Record<string, Asked>>, ids: readonly (string | null)[]): Evidence => ({
  asked: new Map(Object.entries(asked)),
  issued: ids.map((requestId) => ({ requestId, generation: 1 })),
  cases: [],
  lives: [],
  smallestPossibleLoss: new Set(),
});

describe('unrecordedTokens', () => {
  it('should name the tokens that left without a row', () => {
    expect(unrecordedTokens(evidence({ a: TOKEN, b: TOKEN, c: REFUSED }, ['a']))).toEqual(['b']);
  });
});

describe('issuedRows', () => {
  it('should explain rows by what their callers got', () => {
    const asked = { a: TOKEN, b: NOTHING, c: UNAUDITED, d: UNSTORED };
    const rows = issuedRows(evidence(asked, ['a', 'b', 'c', 'd']));
    expect(rows).toEqual({ received: 1, answerLost: 1, refusedAfterAll: 2, withheld: 0, unexplained: [] });
  });

  it('should explain two rows of one request where the second is of a later generation', () => {
    const once = evidence({ a: TOKEN }, ['a']);
    const rows = issuedRows({ ...once, issued: [...once.issued, { requestId: 'a', generation: 2 }] });
    expect(rows).toEqual({ received: 1, answerLost: 0, refusedAfterAll: 0, withheld: 1, unexplained: [] });
  });

  it('should not explain a row that is there twice, that nobody asked for, or whose caller was refused for another reason', () => {
    const rows = issuedRows(evidence({ a: TOKEN, b: REFUSED }, ['a', 'a', 'b', 'x', null]));
    expect(rows.unexplained).toEqual([
      'a: twice',
      'b: 409 reauthorization_required',
      'x: nobody asked',
      'null: nobody asked',
    ]);
  });
});

describe('unannouncedRequests', () => {
  it('should accept a request after its intent, and none before', () => {
    expect(unannouncedRequests(newCase([newRequest()]))).toEqual([]);
    const late = newIntent({ at: new Date(START + 150) });
    expect(unannouncedRequests(newCase([newRequest()], { events: [late] }))).toEqual([1]);
  });

  it('should want an intent for each, and one of its own kind', () => {
    const again = newRequest({ id: 2, at: START + 100 });
    const asks = newRequest({ id: 3, endpoint: 'introspection', at: START + 200 });
    expect(unannouncedRequests(newCase([newRequest(), again, asks]))).toEqual([2, 3]);
  });
});

describe('unfinishedAttempts', () => {
  it('should name what is open or not in the log', () => {
    const attempts = [
      newAttempt({ id: 'a' }),
      newAttempt({ id: 'b', closed_at: null }),
      newAttempt({ id: 'c', recorded: false }),
    ];
    expect(unfinishedAttempts(newCase([], { attempts }))).toEqual(['b', 'c']);
  });
});
