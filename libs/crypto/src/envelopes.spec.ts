import { Secret } from '@app/common';
import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Envelopes } from './envelopes.js';
import { type EncryptionKeyEntry, generateKeyFile, type KeyState } from './key-file.js';
import { Keyring } from './keyring.js';

const place = { table: 'connections', row: 'a1', column: 'credential', generation: 7 };

const newKey = (id: string, state: KeyState): EncryptionKeyEntry => ({
  id,
  state,
  key: new Secret(randomBytes(32).toString('base64')),
});

const keyringOf = (...keys: readonly EncryptionKeyEntry[]): Keyring =>
  new Keyring({ ...generateKeyFile(), encryption: { keys } });

const newEnvelopes = (): Envelopes => new Envelopes(new Keyring(generateKeyFile()));

describe('Envelopes', () => {
  it.each([
    ['a text', '{"refresh_token":"ü"}'],
    ['an empty value', ''],
    ['a megabyte', randomBytes(2 ** 20)],
  ])('should open what it sealed: %s', (_name, plain) => {
    const sut = newEnvelopes();
    expect(sut.open(sut.seal(plain, place), place).equals(Buffer.from(plain))).toBe(true);
  });

  it('should open a view into a larger array, as database drivers return it', () => {
    const sut = newEnvelopes();
    const sealed = sut.seal('plain', place);
    const larger = new Uint8Array(sealed.length + 20);
    larger.set(sealed, 11);
    expect(sut.open(larger.subarray(11, 11 + sealed.length), place).toString()).toBe('plain');
  });

  it('should give different bytes for the same value', () => {
    const sut = newEnvelopes();
    expect(sut.seal('plain', place).equals(sut.seal('plain', place))).toBe(false);
  });

  it('should refuse a value with any one bit changed', () => {
    const sut = newEnvelopes();
    const sealed = sut.seal('plain', place);
    const opened = [...sealed.keys()].flatMap((index) =>
      [1, 2, 4, 8, 16, 32, 64, 128].filter((bit) => {
        const changed = Buffer.from(sealed);
        changed[index] = (changed[index] ?? 0) ^ bit;
        return opens(sut, changed);
      }),
    );
    expect(opened).toEqual([]);
  });

  it('should refuse a value cut short anywhere, or continued', () => {
    const sut = newEnvelopes();
    const sealed = sut.seal('plain', place);
    const cuts = [...sealed.keys()].filter((length) => opens(sut, sealed.subarray(0, length)));
    expect(cuts).toEqual([]);
    expect(opens(sut, Buffer.concat([sealed, Buffer.from([0])]))).toBe(false);
  });

  it.each([
    ['another table', { ...place, table: 'providers' }],
    ['another row', { ...place, row: 'a2' }],
    ['another column', { ...place, column: 'token' }],
    ['an older generation', { ...place, generation: 6 }],
    ['a newer generation', { ...place, generation: 8 }],
    ['names that join to the same text', { ...place, table: 'connectionsa', row: '1' }],
  ])('should refuse a value moved to %s', (_name, elsewhere) => {
    const sut = newEnvelopes();
    const sealed = sut.seal('plain', place);
    expect(() => sut.open(sealed, elsewhere)).toThrow(/connections?a?\.|providers\./);
  });

  it('should refuse a generation that is no whole number', () => {
    expect(() => newEnvelopes().seal('plain', { ...place, generation: 1.5 })).toThrow('whole number');
  });

  it('should name the key that is missing, and no content', () => {
    const sealed = new Envelopes(keyringOf(newKey('k-old', 'primary'))).seal('canary', place);
    const sut = newEnvelopes();
    expect(() => sut.open(sealed, place)).toThrow('sealed with key "k-old", which the key file does not hold');
    expect(inspect(errorOf(() => sut.open(sealed, place)))).not.toContain('canary');
  });

  it('should name the key where another key has its id', () => {
    const sealed = new Envelopes(keyringOf(newKey('k-1', 'primary'))).seal('plain', place);
    const sut = new Envelopes(keyringOf(newKey('k-1', 'primary')));
    expect(() => sut.open(sealed, place)).toThrow('does not open with key k-1');
  });

  it('should seal with the primary key and open with pending and decrypt-only ones', () => {
    const [first, second] = [newKey('k-1', 'primary'), newKey('k-2', 'primary')];
    const sealed = new Envelopes(keyringOf(first)).seal('plain', place);
    const rotated = new Envelopes(keyringOf({ ...first, state: 'decrypt_only' }, second));
    const behind = new Envelopes(keyringOf(first, { ...second, state: 'pending' }));
    expect(rotated.open(sealed, place).toString()).toBe('plain');
    expect(behind.open(rotated.seal('new', place), place).toString()).toBe('new');
  });

  it('should not open with a retired key', () => {
    const first = newKey('k-1', 'primary');
    const sealed = new Envelopes(keyringOf(first)).seal('plain', place);
    const sut = new Envelopes(keyringOf({ ...first, state: 'retired' }, newKey('k-2', 'primary')));
    expect(() => sut.open(sealed, place)).toThrow('k-1, which is retired');
  });
});

function errorOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

/** False where it is refused with the error that is meant for it; any other error fails the test. */
function opens(sut: Envelopes, sealed: Uint8Array): boolean {
  const result = errorOf(() => sut.open(sealed, place));
  if (Buffer.isBuffer(result)) {
    return true;
  }
  expect(result).toMatchObject({ code: 'internal_error' });
  return false;
}
