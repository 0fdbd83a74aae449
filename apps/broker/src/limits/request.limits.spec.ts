import { beforeEach, describe, expect, it } from '@jest/globals';
import { AuthenticationError } from '@app/callers';
import { BrokerError } from '@app/common';
import type { Refused } from './refused-requests.js';
import { RequestLimits, SOURCE_RATE } from './request.limits.js';

const caller = (name: string, keyId: string) => ({ name, keyId, roles: [], rules: [] });
const refuse = (): Promise<void> => Promise.reject(new AuthenticationError('unknown_key'));
const fail = (): Promise<void> => Promise.reject(new BrokerError('storage_unavailable', 'Gone.'));

let now: number;
let refused: Refused[];
let sut: RequestLimits;

const newLimits = (perSecond?: number): RequestLimits =>
  new RequestLimits(perSecond, { add: (one) => void refused.push(one) }, () => now);

beforeEach(() => {
  now = 0;
  refused = [];
  sut = newLimits(3);
});

interface Asked {
  readonly ip?: string;
  readonly keyId?: string;
  readonly name?: string;
  readonly authenticate?: () => Promise<void>;
}

/** What a request comes to: the code of its refusal or `ok`, and the headers that were set. */
async function ask({ ip = '10.0.0.1', keyId = 'aaaaaaaaaaaa', name = 'billing', authenticate }: Asked = {}) {
  const headers: Record<string, string> = {};
  const reply = { header: (header: string, value: string) => (headers[header] = value) };
  const request: { ip: string; headers: object; caller?: ReturnType<typeof caller> } = {
    ip,
    headers: { authorization: `Bearer clv_${keyId}_secret` },
  };
  const good = async (): Promise<void> => void (request.caller = caller(name, keyId));
  const error = await sut.admit(request, reply, authenticate ?? good).then(
    () => undefined,
    (thrown: unknown) => thrown as BrokerError,
  );
  return { code: error?.code ?? 'ok', retryAfter: error?.facts.retryAfter, headers };
}

async function times(count: number, asked: Asked): Promise<string[]> {
  const codes: string[] = [];
  for (let made = 0; made < count; made += 1) {
    codes.push((await ask(asked)).code);
  }
  return [...new Set(codes)];
}

describe('the limit of a caller', () => {
  it('should be told on good answers, and be a refusal with what to wait for once it is reached', async () => {
    expect(await ask()).toMatchObject({
      code: 'ok',
      headers: { 'ratelimit-policy': '"caller";q=3;w=1', ratelimit: '"caller";r=2' },
    });
    await times(2, {});
    expect(await ask()).toEqual({
      code: 'rate_limited',
      retryAfter: 1,
      headers: { 'ratelimit-policy': '"caller";q=3;w=1', ratelimit: '"caller";r=0;t=1' },
    });
    expect(refused).toEqual([{ limit: 'caller', caller: 'billing', keyId: 'aaaaaaaaaaaa' }]);
    now = 340;
    expect((await ask()).code).toBe('ok');
  });

  it('should be taken at once of a key that is known to be good, and left for admit to refuse', async () => {
    const headers: string[] = [];
    const reply = { header: (_name: string, value: string) => headers.push(value) };
    const taken = [1, 2, 3, 4].map(() => sut.take(caller('billing', 'aaaaaaaaaaaa'), reply));
    expect(taken).toEqual([true, true, true, false]);
    expect(headers.slice(-2)).toEqual(['"caller";q=3;w=1', '"caller";r=0']);
    expect(refused).toEqual([]);
    expect((await ask()).code).toBe('rate_limited');
    expect(newLimits().take(caller('billing', 'aaaaaaaaaaaa'), reply)).toBe(true);
  });

  it('should be one for all keys of a caller, and another for each caller', async () => {
    await times(2, { keyId: 'aaaaaaaaaaaa' });
    await times(1, { keyId: 'bbbbbbbbbbbb' });
    expect((await ask({ keyId: 'cccccccccccc' })).code).toBe('rate_limited');
    expect((await ask({ name: 'shipping' })).code).toBe('ok');
  });

  it('should not be there where limits are off', async () => {
    sut = newLimits();
    expect(await times(100, {})).toEqual(['ok']);
    expect(await times(1000, { authenticate: refuse })).toEqual(['unauthenticated']);
    expect((await ask()).headers).toEqual({});
  });
});

describe('the limit of an address', () => {
  const guess = { keyId: 'zzzzzzzzzzzz', authenticate: refuse };
  const exhaust = async (ip = '10.0.0.1'): Promise<void> => {
    await times(SOURCE_RATE.burst, { ...guess, ip });
  };

  it('should cost guesses, and be refused before the key is looked at', async () => {
    await exhaust();
    let looked = false;
    const look = async (): Promise<void> => void (looked = true);
    expect(await ask({ ...guess, authenticate: look })).toEqual({
      code: 'rate_limited',
      retryAfter: 1,
      headers: { 'ratelimit-policy': '"source";q=100;w=10', ratelimit: '"source";r=0;t=1' },
    });
    expect(looked).toBe(false);
    expect(refused).toEqual([{ limit: 'source', clientIp: '10.0.0.1' }]);
    now = 101;
    expect((await ask(guess)).code).toBe('unauthenticated');
  });

  it('should not concern other addresses, but all of one IPv6 network', async () => {
    await exhaust('2001:db8::1');
    expect((await ask({ ...guess, ip: '10.0.0.2' })).code).toBe('unauthenticated');
    expect((await ask({ ...guess, ip: '2001:db8::2' })).code).toBe('rate_limited');
  });

  it('should not be used up by valid keys, nor by failures of ours', async () => {
    sut = newLimits(10_000);
    for (let index = 0; index < 300; index += 1) {
      await ask({ keyId: `a${index}`.padEnd(12, 'a') });
    }
    expect(await times(300, { keyId: 'yyyyyyyyyyyy', authenticate: fail })).toEqual(['storage_unavailable']);
    expect((await ask(guess)).code).toBe('unauthenticated');
  });

  it('should let keys through that proved themselves before, and no others', async () => {
    await ask({ keyId: 'goodgoodgood' });
    await exhaust();
    expect((await ask({ keyId: 'goodgoodgood', name: 'shipping' })).code).toBe('ok');
    expect((await ask({ keyId: 'newnewnewnew', name: 'shipping' })).code).toBe('rate_limited');
  });

  it('should answer a proved id with a wrong secret as any guess', async () => {
    await ask({ keyId: 'goodgoodgood' });
    await exhaust();
    const [known, unknown] = [await ask({ ...guess, keyId: 'goodgoodgood' }), await ask(guess)];
    expect(known).toEqual(unknown);
    expect(known.code).toBe('rate_limited');
  });

  it('should bound the guesses that are under way at once', async () => {
    let looked = 0;
    const slow = async (): Promise<void> => {
      looked += 1;
      await Promise.resolve();
      return refuse();
    };
    await Promise.all(Array.from({ length: 1000 }, () => ask({ ...guess, authenticate: slow })));
    expect(looked).toBe(SOURCE_RATE.burst);
    expect(refused).toHaveLength(1000 - SOURCE_RATE.burst);
  });
});
