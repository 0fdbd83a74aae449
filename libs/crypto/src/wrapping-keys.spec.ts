import { describe, expect, it } from '@jest/globals';
import { createSecretKey, randomBytes } from 'node:crypto';
import { WrappingKeys } from './wrapping-keys.js';

const newKek = () => createSecretKey(randomBytes(32));

describe('WrappingKeys', () => {
  it('should wrap so many times with one key, and then with another', () => {
    const sut = new WrappingKeys(newKek(), 3);
    const salts = Array.from({ length: 7 }, () => sut.next().salt.toString('hex'));
    expect(salts.map((salt) => salts.indexOf(salt))).toEqual([0, 0, 0, 3, 3, 3, 6]);
  });

  it('should derive the same key again, in any process that holds the key-encryption key', () => {
    const kek = newKek();
    const { salt, key } = new WrappingKeys(kek).next();
    expect(new WrappingKeys(kek).derivedWith(salt).equals(key)).toBe(true);
    expect(new WrappingKeys(newKek()).derivedWith(salt).equals(key)).toBe(false);
  });

  it('should never share a salt with another process', () => {
    const kek = newKek();
    const [first, second] = [new WrappingKeys(kek).next(), new WrappingKeys(kek).next()];
    expect(first.salt.equals(second.salt)).toBe(false);
    expect(first.key.equals(second.key)).toBe(false);
  });

  it('should derive anew what it does not remember any more', () => {
    const sut = new WrappingKeys(newKek());
    const salts = Array.from({ length: 1200 }, () => randomBytes(32));
    const keys = salts.map((salt) => sut.derivedWith(salt));
    expect(salts.every((salt, index) => keys[index]?.equals(sut.derivedWith(salt)))).toBe(true);
  });
});
