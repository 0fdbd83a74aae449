import type { Log, LogFacts } from '@app/common';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KeySetError } from './key-set.js';
import { IssuerKeys } from './issuer-keys.js';
import { type IssuerKey, newIssuer, newIssuerKey, NOW, silent } from './testing/token-issuer.js';
import { TokenVerifier } from './token.verifier.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe(IssuerKeys.name, () => {
  let old: IssuerKey;
  let fresh: IssuerKey;
  let published: readonly IssuerKey[];
  let failing: boolean;
  let asked: number;
  let at: number;
  let warnings: (LogFacts | undefined)[];
  let sut: IssuerKeys;
  let verifier: TokenVerifier;

  beforeAll(async () => {
    old = await newIssuerKey('ES256', 'old');
    fresh = await newIssuerKey('EdDSA', 'new');
  });

  beforeEach(() => {
    published = [old];
    failing = false;
    asked = 0;
    at = 0;
    warnings = [];
    const log: Log = { ...silent, warn: (_message, facts) => void warnings.push(facts) };
    const source = async (): Promise<readonly IssuerKey[]> => {
      asked += 1;
      if (failing) {
        throw new KeySetError('the issuer answered HTTP 500');
      }
      return published;
    };
    const issuer = newIssuer(source, () => at, log);
    sut = issuer.keys;
    verifier = new TokenVerifier([issuer], { now: () => NOW });
  });

  /** Each time another token, so that none is remembered. */
  const ask = async (key: IssuerKey): Promise<unknown> =>
    verifier.verify(await key.sign(undefined, { jti: String(Math.random()) })).then(
      () => 'accepted',
      ({ reason }: { reason?: unknown }) => reason,
    );

  it('should be fetched once for many tokens', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(old)));
    expect(new Set(answers)).toEqual(new Set(['accepted']));
    expect(asked).toBe(1);
  });

  it('should follow a rollover at the first token of the new key, while the old one is good as long as it is published', async () => {
    await ask(old);
    published = [old, fresh];
    at = 30 * SECOND;
    expect([await ask(fresh), await ask(old)]).toEqual(['accepted', 'accepted']);
    published = [fresh];
    at += 10 * MINUTE;
    await ask(fresh);
    await sut.refresh();
    expect([await ask(fresh), await ask(old)]).toEqual(['accepted', 'unknown_signing_key']);
    expect(asked).toBe(3);
  });

  it('should be asked for at most every 30 s, whatever key ids come', async () => {
    await ask(old);
    for (at = 0; at < 30 * SECOND; at += SECOND) {
      expect(await ask(fresh)).toBe('unknown_signing_key');
    }
    expect(asked).toBe(1);
    await Promise.all(Array.from({ length: 20 }, () => ask(fresh)));
    expect(asked).toBe(2);
    expect(await ask(old)).toBe('accepted');
  });

  it('should go on being used for a day while the issuer does not answer', async () => {
    await ask(old);
    failing = true;
    at = 24 * HOUR - 1;
    expect(await ask(old)).toBe('accepted');
    at = 24 * HOUR + 30 * SECOND;
    expect(await ask(old)).toBe('issuer_unavailable');
    failing = false;
    at += 30 * SECOND;
    expect(await ask(old)).toBe('accepted');
  });

  it('should be refused for while they never came, and asked for again after 30 s', async () => {
    failing = true;
    expect([await ask(old), await ask(old)]).toEqual(['issuer_unavailable', 'issuer_unavailable']);
    expect(warnings).toEqual([
      expect.objectContaining({ source: 'prod', reason: 'the issuer answered HTTP 500', error_name: 'KeySetError' }),
    ]);
    failing = false;
    expect(await ask(old)).toBe('issuer_unavailable');
    at = 30 * SECOND;
    expect(await ask(old)).toBe('accepted');
    expect(asked).toBe(2);
  });

  it('should be looked at anew after nine minutes beside the request, and after ten before it', async () => {
    await ask(old);
    published = [fresh];
    at = 9 * MINUTE;
    expect(await ask(old)).toBe('accepted');
    expect(asked).toBe(2);
    published = [old];
    at += 10 * MINUTE;
    expect([await ask(fresh), await ask(old)]).toEqual(['unknown_signing_key', 'accepted']);
    expect(asked).toBe(3);
  });

  it('should vouch for what they proved until they are others', async () => {
    await ask(old);
    const { version } = await sut.find({ alg: 'ES256', kid: 'old' }, { payload: '', signature: '' });
    at = 30 * SECOND;
    await sut.refresh();
    expect(sut.vouchFor(version)).toBe(true);
    published = [fresh];
    at = MINUTE;
    await sut.refresh();
    expect(sut.vouchFor(version)).toBe(false);
  });
});
