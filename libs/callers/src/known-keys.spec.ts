import { beforeEach, describe, expect, it } from '@jest/globals';
import type { KnownKey } from './known-key.js';
import { KnownKeys } from './known-keys.js';

const newKey = (name = 'billing'): KnownKey => ({
  hash: new Uint8Array(32),
  revoked: false,
  expiresAt: undefined,
  callerExpiresAt: undefined,
  caller: { name, keyId: 'k', roles: [], rules: [] },
});

/** A source whose answers are given by hand. */
class Source {
  readonly asked: string[] = [];
  private readonly waiting: ((key: KnownKey | undefined) => void)[] = [];

  findKey(keyId: string): Promise<KnownKey | undefined> {
    this.asked.push(keyId);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  answer(key?: KnownKey): void {
    this.waiting.shift()?.(key);
  }
}

describe('KnownKeys', () => {
  let source: Source;
  let isCurrent: boolean;
  let change: () => void;
  let sut: KnownKeys;

  beforeEach(() => {
    source = new Source();
    isCurrent = true;
    sut = new KnownKeys(source, {
      onChange: (listener) => {
        change = listener;
      },
      isCurrent: () => isCurrent,
      mark: '7',
    });
  });

  const load = async (keyId: string, key?: KnownKey): Promise<KnownKey | undefined> => {
    const found = sut.find(keyId);
    source.answer(key);
    return found;
  };

  it('should look a key up once', async () => {
    const key = newKey();
    await load('a', key);
    await expect(sut.find('a')).resolves.toMatchObject(key);
    expect(source.asked).toEqual(['a']);
  });

  it('should say under which change mark a caller was read', async () => {
    await load('a', newKey());
    expect((await sut.find('a'))?.caller.asOf).toBe('7');
  });

  it('should look an id up once that does not exist', async () => {
    await load('a');
    await expect(sut.find('a')).resolves.toBeUndefined();
    expect(source.asked).toEqual(['a']);
  });

  it('should look a key up once for many who ask at the same time', async () => {
    const found = Promise.all([sut.find('a'), sut.find('a'), sut.find('a')]);
    source.answer(newKey());
    await expect(found).resolves.toHaveLength(3);
    expect(source.asked).toEqual(['a']);
  });

  it.each([
    ['a change of its own', () => sut.forget()],
    ['news of a change', () => change()],
  ])('should look again after %s', async (_name, happen) => {
    await load('a', newKey());
    await load('b');
    happen();
    await load('a', newKey());
    await load('b');
    expect(source.asked).toEqual(['a', 'b', 'a', 'b']);
  });

  it('should not keep what was read before a change and arrives after it', async () => {
    const early = sut.find('a');
    sut.forget();
    source.answer(newKey('before'));
    await early;
    const late = sut.find('a');
    source.answer(newKey('after'));
    await expect(late).resolves.toMatchObject({ caller: { name: 'after' } });
  });

  it('should not join a look-up that began before a change', async () => {
    const early = sut.find('a');
    sut.forget();
    const late = sut.find('a');
    source.answer(newKey('before'));
    source.answer(newKey('after'));
    await expect(early).resolves.toMatchObject({ caller: { name: 'before' } });
    await expect(late).resolves.toMatchObject({ caller: { name: 'after' } });
  });

  it('should ask the source every time while the news of changes is old', async () => {
    await load('a', newKey());
    isCurrent = false;
    await load('a', newKey());
    await load('a', newKey());
    expect(source.asked).toHaveLength(3);
  });

  it('should ask again after a look-up that failed', async () => {
    const failing = new KnownKeys(
      { findKey: () => Promise.reject(new Error('connection lost')) },
      { onChange: () => undefined, isCurrent: () => true, mark: undefined },
    );
    await expect(failing.find('a')).rejects.toThrow('connection lost');
    await expect(failing.find('a')).rejects.toThrow('connection lost');
  });
});
