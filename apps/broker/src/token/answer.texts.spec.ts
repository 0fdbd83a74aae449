import type { IssuedToken } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AnswerTexts } from './answer.texts.js';
import { toTokenView } from './token.view.js';

const TOKEN: IssuedToken = {
  provider: 'klavi',
  connection: 'acme',
  accessToken: 'eyJ…',
  tokenType: 'Bearer',
  expiresInSeconds: 1742,
  expiresAt: 1_800_001_742_000,
  issuedAt: 1_800_000_000_000,
  generation: 41,
  fingerprint: 'a7a7a7a7a7a7a7a7',
  source: 'cache',
  extra: { scope: 'read' },
  warnings: [],
};

const WARNING = { code: 'refresh_failing', detail: 'Tell whoever operates the connection.' } as const;

/** Each differs from TOKEN in one part of its text. */
const OTHERS: { readonly [Part in Exclude<keyof IssuedToken, 'fingerprint'>]: Pick<IssuedToken, Part> } = {
  provider: { provider: 'onmeta' },
  connection: { connection: 'other' },
  accessToken: { accessToken: 'other' },
  tokenType: { tokenType: 'token' },
  expiresInSeconds: { expiresInSeconds: 1741 },
  expiresAt: { expiresAt: 1_800_001_742_500 },
  issuedAt: { issuedAt: 1_800_000_000_500 },
  generation: { generation: 42 },
  source: { source: 'refresh' },
  extra: { extra: { scope: 'write' } },
  warnings: { warnings: [WARNING] },
};

const written = (token: IssuedToken) => JSON.stringify(toTokenView(token));

describe(AnswerTexts.name, () => {
  let sut: AnswerTexts;
  let stringify: jest.SpiedFunction<typeof JSON.stringify>;

  beforeEach(() => {
    jest.useFakeTimers();
    sut = new AnswerTexts();
    stringify = jest.spyOn(JSON, 'stringify');
  });

  afterEach(() => {
    stringify.mockRestore();
    jest.useRealTimers();
  });

  /** The clock that is advanced writes texts of its own. */
  const timesMade = () => stringify.mock.calls.filter(([value]) => Object.hasOwn(Object(value), 'access_token')).length;

  it('should make the text of a token once a second', () => {
    const texts = [1, 2, 3].map(() => sut.of({ ...TOKEN }));
    expect(timesMade()).toBe(1);
    expect(new Set(texts)).toEqual(new Set([written(TOKEN)]));
  });

  it.each(Object.entries(OTHERS))('should make another text where %s is another', (_part, other) => {
    sut.of(TOKEN);
    expect(sut.of({ ...TOKEN, ...other })).toBe(written({ ...TOKEN, ...other }));
    expect(sut.of(TOKEN)).toBe(written(TOKEN));
  });

  it('should keep none with a warning: its words depend on the request', () => {
    const warned = { ...TOKEN, warnings: [WARNING] };
    sut.of(warned);
    const later = { ...warned, warnings: [{ ...WARNING, detail: 'Another one.' }] };
    expect(sut.of(later)).toBe(written(later));
  });

  it('should forget what it knows within a second, as a text holds a token', () => {
    sut.of(TOKEN);
    jest.advanceTimersByTime(999);
    sut.of(TOKEN);
    expect(timesMade()).toBe(1);
    jest.advanceTimersByTime(1);
    expect(jest.getTimerCount()).toBe(0);
    sut.of(TOKEN);
    expect(timesMade()).toBe(2);
  });

  it('should keep a thousand at most, and follow the seconds of those', () => {
    const tokens = Array.from({ length: 1100 }, (_, index) => ({ ...TOKEN, fingerprint: `f-${index}` }));
    const askAll = (expiresInSeconds: number) => tokens.forEach((token) => sut.of({ ...token, expiresInSeconds }));
    askAll(60);
    askAll(59);
    stringify.mockClear();
    askAll(59);
    expect(timesMade()).toBe(1100 - 1024);
  });
});
