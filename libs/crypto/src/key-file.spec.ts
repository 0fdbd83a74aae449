import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { formatKeyFile, generateKeyFile } from './key-file.js';
import { Keyring } from './keyring.js';
import { parseKeyFile } from './parse-key-file.js';

describe('key file', () => {
  it('should read back what it wrote', () => {
    const text = formatKeyFile(generateKeyFile());
    expect(formatKeyFile(parseKeyFile(text, 'keys.json'))).toBe(text);
  });

  it('should hold one primary encryption key and four different secrets', () => {
    const file = generateKeyFile();
    const secrets = [
      ...file.encryption.keys.map(({ key }) => key.reveal()),
      file.audit_signing.private_key.reveal(),
      file.token_fingerprint.key.reveal(),
      file.api_key_hmac.key.reveal(),
    ];
    expect(file.encryption.keys.map(({ state }) => state)).toEqual(['primary']);
    expect(new Set(secrets).size).toBe(4);
  });

  it('should print no key, as a file or as a keyring', () => {
    const file = generateKeyFile();
    const printed = [file, new Keyring(file)].flatMap((value) => [
      inspect(value, { depth: 9, showHidden: true }),
      JSON.stringify(value),
    ]);
    for (const secret of [file.encryption.keys[0]?.key, file.api_key_hmac.key, file.token_fingerprint.key]) {
      expect(printed.join('\n')).not.toContain(secret?.reveal());
    }
    expect(printed.join('\n')).not.toContain('PRIVATE KEY');
  });
});

describe('Keyring', () => {
  it('should find encryption keys by id', () => {
    const file = generateKeyFile();
    const sut = new Keyring(file);
    const id = file.encryption.keys[0]?.id ?? '';
    expect(sut.find(id)).toBe(sut.primary);
    expect(sut.find('k-other')).toBeUndefined();
  });

  it('should sign with an Ed25519 key', () => {
    expect(new Keyring(generateKeyFile()).auditSigning.privateKey.asymmetricKeyType).toBe('ed25519');
  });
});
