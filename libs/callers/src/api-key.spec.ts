import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { newApiKey, parseApiKey } from './api-key.js';

/** Its CRC-32, by another implementation, is 0x3146a208: 0twnhw in base 62, digits before capitals before small letters. */
const BODY = `clv_abcdefghij01_${'A'.repeat(43)}`;

describe('newApiKey', () => {
  it('should have the documented form', () => {
    expect(newApiKey().text.reveal()).toMatch(/^clv_[a-z0-9]{12}_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/);
  });

  it('should read back as what it was made of', () => {
    const key = newApiKey();
    expect(parseApiKey(key.text.reveal())).toEqual({ keyId: key.keyId, secret: key.secret.reveal() });
  });

  it('should not print its secret', () => {
    const key = newApiKey();
    expect(inspect(key, { depth: 9 })).not.toContain(key.secret.reveal());
  });
});

describe('parseApiKey', () => {
  it('should take a key made elsewhere to the same rules', () => {
    expect(parseApiKey(`${BODY}0twnhw`)).toEqual({ keyId: 'abcdefghij01', secret: 'A'.repeat(43) });
  });

  it('should refuse a key with any one character changed', () => {
    const text = newApiKey().text.reveal();
    const accepted = [...text].map((letter, index) => {
      const other = letter === 'a' ? 'b' : 'a';
      return parseApiKey(`${text.slice(0, index)}${other}${text.slice(index + 1)}`);
    });
    expect(accepted.filter(Boolean)).toEqual([]);
  });

  it.each([
    ['nothing', ''],
    ['another token', 'eyJhbGciOiJIUzI1NiJ9.e30.x'],
    ['no checksum', BODY],
    ['a wrong checksum', `${BODY}000000`],
    ['a space behind', `${newApiKey().text.reveal()} `],
    ['a line behind', `${newApiKey().text.reveal()}\n`],
    ['too much text', newApiKey().text.reveal().repeat(100)],
  ])('should refuse %s', (_name, text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });
});
