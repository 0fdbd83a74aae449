import { describe, expect, it, jest } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import { setImmediate } from 'node:timers/promises';
import { AddressGuard } from './address-guard.js';
import { OutboundClient } from './outbound.client.js';
import { type Resolve, SharedLookups } from './shared-lookups.js';

const PUBLIC: LookupAddress = { address: '192.0.2.1', family: 4 };
const PRIVATE: LookupAddress = { address: '10.0.0.1', family: 4 };

/** Answers when it is told to; of `other.example` at once, that it has no address. */
class HeldResolver {
  #answer: (addresses: readonly LookupAddress[]) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  readonly resolve = jest.fn<Resolve>((host) =>
    host === 'other.example'
      ? Promise.resolve([])
      : new Promise((resolve, reject) => {
          this.#answer = resolve;
          this.#fail = reject;
        }),
  );

  answer = (...addresses: readonly LookupAddress[]): void => this.#answer(addresses);
  fail = (): void => this.#fail(new Error('EAI_AGAIN'));
}

const eight = <Result>(work: () => Promise<Result>): Promise<Result>[] => Array.from({ length: 8 }, work);

const newSut = (names: HeldResolver): OutboundClient =>
  new OutboundClient(new AddressGuard([]), { resolve: names.resolve, connectTimeoutMs: 10 });
const send = (sut: OutboundClient, host = 'silent.example') =>
  sut.send({ method: 'GET', url: `https://${host}/`, headers: {} });

describe(SharedLookups.name, () => {
  it('should ask once for all who wait for a name, and anew for who comes after', async () => {
    const names = new HeldResolver();
    const sut = new SharedLookups(names.resolve);

    const waiting = eight(() => sut.resolve('silent.example'));
    names.answer(PUBLIC);

    expect(await Promise.all(waiting)).toEqual(waiting.map(() => [PUBLIC]));
    expect(names.resolve).toHaveBeenCalledTimes(1);
    const next = sut.resolve('silent.example');
    names.answer(PRIVATE);
    expect(await next).toEqual([PRIVATE]);
    expect(names.resolve).toHaveBeenCalledTimes(2);
  });

  it('should tell all of a failure, and forget it', async () => {
    const names = new HeldResolver();
    const sut = new SharedLookups(names.resolve);

    const waiting = Promise.allSettled(eight(() => sut.resolve('silent.example')));
    names.fail();

    expect(new Set((await waiting).map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(names.resolve).toHaveBeenCalledTimes(1);
    const next = sut.resolve('silent.example');
    names.answer(PUBLIC);
    expect(await next).toEqual([PUBLIC]);
  });
});

describe('a name whose server does not answer', () => {
  it('should take one look-up, also when all who asked have given up, and hold up no other name', async () => {
    const names = new HeldResolver();
    const sut = newSut(names);

    const answers = await Promise.all(eight(() => send(sut)));
    expect(answers).toEqual(answers.map(() => expect.objectContaining({ reason: 'connect_timeout' })));
    expect(await send(sut)).toMatchObject({ reason: 'connect_timeout' });
    expect(names.resolve).toHaveBeenCalledTimes(1);

    expect(await send(sut, 'other.example')).toMatchObject({ reason: 'dns_failure' });
    names.fail();
    expect(await send(sut)).toMatchObject({ reason: 'connect_timeout' });
    expect(names.resolve.mock.calls).toEqual([['silent.example'], ['other.example'], ['silent.example']]);
  });

  it('should have its addresses checked for each who waited', async () => {
    const names = new HeldResolver();
    const sut = new OutboundClient(new AddressGuard([]), { resolve: names.resolve });

    const waiting = eight(() => send(sut));
    await setImmediate();
    names.answer(PUBLIC, PRIVATE);

    const answers = await Promise.all(waiting);
    expect(answers).toEqual(answers.map(() => expect.objectContaining({ reason: 'address_refused' })));
    expect(names.resolve).toHaveBeenCalledTimes(1);
  });
});
