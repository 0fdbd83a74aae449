import { describe, expect, it } from '@jest/globals';
import { Fingerprints } from './fingerprints.js';
import { generateKeyFile } from './key-file.js';
import { Keyring } from './keyring.js';

describe('Fingerprints', () => {
  const file = generateKeyFile();

  it('should give 32 hexadecimal digits, the same on every replica that has the key', () => {
    const fingerprint = new Fingerprints(new Keyring(file)).of('eyJ.token');
    expect(fingerprint).toMatch(/^[0-9a-f]{32}$/);
    expect(new Fingerprints(new Keyring(file)).of('eyJ.token')).toBe(fingerprint);
  });

  it('should differ between tokens and between keys', () => {
    const sut = new Fingerprints(new Keyring(file));
    expect(sut.of('a')).not.toBe(sut.of('b'));
    expect(new Fingerprints(new Keyring(generateKeyFile())).of('a')).not.toBe(sut.of('a'));
  });
});
