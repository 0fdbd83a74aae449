import { beforeEach, describe, expect, it } from '@jest/globals';
import { CLAIMS, type IssuerKey, newIssuer, newIssuerKey, NOW, NOW_SECONDS } from './testing/token-issuer.js';
import { type IssuerWithKeys, TokenVerifier } from './token.verifier.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const reasonOf = (token: string, sut: TokenVerifier): Promise<unknown> =>
  sut.verify(token).then(
    () => 'accepted',
    ({ reason }: { reason?: unknown }) => reason,
  );

/** The issuer, with what is done between the finding of a key and its use. */
const interrupted = (issuer: IssuerWithKeys, between: () => Promise<unknown>): IssuerWithKeys => ({
  ...issuer,
  keys: {
    vouchFor: (version) => issuer.keys.vouchFor(version),
    refresh: () => issuer.keys.refresh(),
    find: async (...given) => {
      const found = await issuer.keys.find(...given);
      await between();
      return found;
    },
  },
});

describe('a token that was verified', () => {
  it('should be verified once, and again no longer than it lives', async () => {
    let now = NOW;
    let lookUps = 0;
    const key = await newIssuerKey();
    const counted = interrupted(
      newIssuer(async () => [key]),
      async () => (lookUps += 1),
    );
    const sut = new TokenVerifier([counted], { now: () => now });
    const token = await key.sign();
    const first = await sut.verify(token);
    await expect(sut.verify(token)).resolves.toBe(first);
    expect(lookUps).toBe(1);

    now = NOW + 600_000;
    await sut.verify(token);
    expect(lookUps).toBe(2);
    now = NOW + 631_000;
    await expect(sut.verify(token)).rejects.toMatchObject({ reason: 'token_expired' });
  });
});

describe('a token that was verified, and whose key was withdrawn', () => {
  let old: IssuerKey;
  let fresh: IssuerKey;
  let published: readonly IssuerKey[];
  let issuerAnswers: () => Promise<void>;
  let asked: number;
  let at: number;
  let issuer: IssuerWithKeys;
  let token: string;
  let sut: TokenVerifier;

  beforeEach(async () => {
    old = await newIssuerKey('ES256', 'old');
    fresh = await newIssuerKey('ES256', 'new');
    published = [old];
    issuerAnswers = () => Promise.resolve();
    asked = 0;
    at = 0;
    const source = async (): Promise<readonly IssuerKey[]> => {
      asked += 1;
      await issuerAnswers();
      return published;
    };
    issuer = newIssuer(source, () => at);
    sut = new TokenVerifier([issuer], { now: () => NOW });
    // It outlives every test: only its key can end it.
    token = await old.sign({ ...CLAIMS, exp: NOW_SECONDS + 10 * 86_400 });
    await sut.verify(token);
    published = [fresh];
  });

  const silence = (): void => void (issuerAnswers = () => Promise.reject(new Error('connection refused')));

  it('should not be good any more once other keys are known', async () => {
    at = 30 * SECOND;
    await sut.verify(await fresh.sign());
    expect(await reasonOf(token, sut)).toBe('unknown_signing_key');
  });

  it.each([10 * MINUTE, 20 * HOUR])(
    'should be refused %d ms later, the first time and the second, with no other token sent',
    async (later) => {
      at = later;
      expect([await reasonOf(token, sut), await reasonOf(token, sut)]).toEqual([
        'unknown_signing_key',
        'unknown_signing_key',
      ]);
    },
  );

  it('should be answered beside the look at ageing keys, and wait for it after ten minutes', async () => {
    let answer: (() => void) | undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    issuerAnswers = () => answered;
    at = 9 * MINUTE;
    expect([await reasonOf(token, sut), asked]).toEqual(['accepted', 2]);

    at = 10 * MINUTE;
    const late = Promise.all([reasonOf(token, sut), reasonOf(token, sut)]);
    answer?.();
    expect(await late).toEqual(['unknown_signing_key', 'unknown_signing_key']);
  });

  it('should count the ten minutes from when the keys were asked for, not from when they came', async () => {
    published = [old];
    at = MINUTE;
    issuerAnswers = async () => void (at += 5 * SECOND);
    await issuer.keys.refresh();
    published = [fresh];
    issuerAnswers = () => Promise.resolve();
    at = 11 * MINUTE;
    expect(await reasonOf(token, sut)).toBe('unknown_signing_key');
  });

  it('should be good for a day while the issuer is silent, and no longer', async () => {
    silence();
    for (at = 10 * MINUTE; at < 24 * HOUR; at += 30 * MINUTE) {
      expect(await reasonOf(token, sut)).toBe('accepted');
    }
    at = 24 * HOUR;
    expect(await reasonOf(token, sut)).toBe('issuer_unavailable');
  });

  it('should not wait each time for an issuer that is silent', async () => {
    silence();
    at = 10 * MINUTE;
    await sut.verify(token);
    issuerAnswers = () => new Promise(() => {});
    at += 30 * SECOND;
    expect([await reasonOf(token, sut), asked]).toEqual(['accepted', 3]);
  });

  it('should be verified anew where other keys came between the finding of its key and the end of its verification', async () => {
    published = [old];
    sut = new TokenVerifier([interrupted(issuer, () => issuer.keys.refresh())], { now: () => NOW });
    at = 30 * SECOND;
    published = [fresh];
    expect(await reasonOf(token, sut)).toBe('accepted');
    expect(await reasonOf(token, sut)).toBe('unknown_signing_key');
  });

  it('should be refused in every one of forty copies that were verified while other keys came', async () => {
    const copies = await Promise.all(Array.from({ length: 40 }, (_, jti) => old.sign({ ...CLAIMS, jti: String(jti) })));
    at = 9 * MINUTE;
    await Promise.all([issuer.keys.refresh(), ...copies.map((copy) => reasonOf(copy, sut))]);
    const answers = await Promise.all(copies.map((copy) => reasonOf(copy, sut)));
    expect(new Set(answers)).toEqual(new Set(['unknown_signing_key']));
  });
});
