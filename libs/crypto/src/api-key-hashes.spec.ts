import { describe, expect, it } from '@jest/globals';
import { ApiKeyHashes } from './api-key-hashes.js';
import { generateKeyFile } from './key-file.js';
import { Keyring } from './keyring.js';

describe('ApiKeyHashes', () => {
  const sut = new ApiKeyHashes(new Keyring(generateKeyFile()));

  it('should give equal hashes of 32 bytes for equal secrets', () => {
    expect(sut.hash('secret')).toHaveLength(32);
    expect(sut.equals(sut.hash('secret'), sut.hash('secret'))).toBe(true);
  });

  it('should tell different secrets apart, and hashes of another length', () => {
    expect(sut.equals(sut.hash('secret'), sut.hash('Secret'))).toBe(false);
    expect(sut.equals(sut.hash('secret'), sut.hash('secret').subarray(1))).toBe(false);
  });

  it('should depend on the key', () => {
    const other = new ApiKeyHashes(new Keyring(generateKeyFile()));
    expect(sut.equals(sut.hash('secret'), other.hash('secret'))).toBe(false);
  });
});
