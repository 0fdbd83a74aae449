import type { FieldError } from '@app/common';
import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { formatKeyFile, generateKeyFile } from './key-file.js';
import { KeyFileError } from './key-file-error.js';
import { Keyring } from './keyring.js';
import { parseKeyFile } from './parse-key-file.js';

const key = (): string => randomBytes(32).toString('base64');

const newFile = () => ({
  version: 1,
  encryption: { keys: [{ id: 'k-1', state: 'primary', key: key() }] },
  audit_signing: JSON.parse(formatKeyFile(generateKeyFile())).audit_signing as { id: string; private_key: string },
  token_fingerprint: { key: key() },
  api_key_hmac: { key: key() },
});

const PUBLIC_KEY = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();

function problemsOf(file: unknown): readonly FieldError[] {
  try {
    parseKeyFile(JSON.stringify(file), 'keys.json');
    return [];
  } catch (error) {
    if (error instanceof KeyFileError) {
      return error.facts.errors ?? [];
    }
    throw error;
  }
}

const fieldsOf = (file: unknown): readonly string[] => problemsOf(file).map(({ field }) => field);

describe('parseKeyFile', () => {
  it('should take keys in every state', () => {
    const keys = ['pending', 'primary', 'decrypt_only', 'retired'].map((state, index) => ({
      id: `k-${index}`,
      state,
      key: key(),
    }));
    const file = parseKeyFile(JSON.stringify({ ...newFile(), encryption: { keys } }), 'keys.json');
    expect(file.encryption.keys.map(({ state }) => state)).toEqual(['pending', 'primary', 'decrypt_only', 'retired']);
  });

  it.each([
    ['another version', { version: 2 }, ['version']],
    ['no encryption', { encryption: undefined }, ['encryption', 'encryption.keys']],
    ['no encryption keys', { encryption: { keys: [] } }, ['encryption.keys']],
    ['no signing key', { audit_signing: null }, ['audit_signing', 'audit_signing.id', 'audit_signing.private_key']],
    ['a short key', { api_key_hmac: { key: randomBytes(16).toString('base64') } }, ['api_key_hmac.key']],
    ['a key that is no base64', { api_key_hmac: { key: '!'.repeat(44) } }, ['api_key_hmac.key']],
    ['a number for a key', { token_fingerprint: { key: 1 } }, ['token_fingerprint.key']],
    ['a signing key that is no PEM', { audit_signing: { id: 's', private_key: 'x' } }, ['audit_signing.private_key']],
  ])('should name the field of %s', (_name, change, fields) => {
    expect(fieldsOf({ ...newFile(), ...change })).toEqual(fields);
  });

  it.each([
    ['no primary key', [{ id: 'k-1', state: 'pending', key: key() }], ['encryption.keys']],
    [
      'two primary keys',
      [
        { id: 'k-1', state: 'primary', key: key() },
        { id: 'k-2', state: 'primary', key: key() },
      ],
      ['encryption.keys'],
    ],
    [
      'an id used twice',
      [
        { id: 'k-1', state: 'primary', key: key() },
        { id: 'k-1', state: 'pending', key: key() },
      ],
      ['encryption.keys'],
    ],
    ['an unknown state', [{ id: 'k-1', state: 'new', key: key() }], ['encryption.keys[0].state', 'encryption.keys']],
    ['an id with a space', [{ id: 'k 1', state: 'primary', key: key() }], ['encryption.keys[0].id']],
    ['a text for a key', ['k-1'], expect.arrayContaining(['encryption.keys[0]'])],
  ])('should refuse encryption keys with %s', (_name, keys, fields) => {
    expect(fieldsOf({ ...newFile(), encryption: { keys } })).toEqual(fields);
  });

  it('should know the keys that signed before, and the one in use, by their public halves', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const former = [{ id: 's-old', public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString() }];
    const { audit_signing: signing, ...file } = newFile();
    const parsed = parseKeyFile(JSON.stringify({ ...file, audit_signing: { ...signing, former } }), 'keys.json');
    const { auditPublicKeys } = new Keyring(parsed);
    expect([...auditPublicKeys.keys()]).toEqual([signing.id, 's-old']);
    expect(auditPublicKeys.get('s-old')?.equals(publicKey)).toBe(true);
    expect(auditPublicKeys.get(signing.id)?.type).toBe('public');
    expect(formatKeyFile(parsed)).toContain('"former"');
  });

  it.each([
    ['no list', {}, ['audit_signing.former']],
    [
      'a private key',
      [{ id: 's-old', public_key: newFile().audit_signing.private_key }],
      ['audit_signing.former[0].public_key'],
    ],
    ['no id', [{ public_key: PUBLIC_KEY }], ['audit_signing.former[0].id']],
    ['the id in use', [{ id: 's-1', public_key: PUBLIC_KEY }], ['audit_signing.former']],
    ['nothing', [null], ['audit_signing.former[0].id', 'audit_signing.former[0].public_key']],
  ])('should refuse former signing keys with %s', (_name, former, fields) => {
    const { audit_signing: signing, ...file } = newFile();
    expect(fieldsOf({ ...file, audit_signing: { ...signing, id: 's-1', former } })).toEqual(fields);
  });

  it('should refuse a signing key of another algorithm', () => {
    const private_key = generateKeyPairSync('ed448').privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect(fieldsOf({ ...newFile(), audit_signing: { id: 's-1', private_key } })).toEqual([
      'audit_signing.private_key',
    ]);
  });

  it('should refuse one key for two purposes', () => {
    const same = { key: key() };
    const problems = problemsOf({ ...newFile(), token_fingerprint: same, api_key_hmac: same });
    expect(problems).toEqual([
      { field: 'api_key_hmac.key', message: 'must not be the same key as token_fingerprint.key' },
    ]);
  });

  it('should name every problem at once and quote no value', () => {
    const file = { ...newFile(), version: 3, api_key_hmac: { key: 'canary' } };
    expect(() => parseKeyFile(JSON.stringify(file), '/etc/keys.json')).toThrow(
      /\/etc\/keys\.json is malformed[^]*version: must be 1[^]*api_key_hmac\.key: must be 32 bytes/,
    );
    expect(() => parseKeyFile(JSON.stringify(file), 'x')).not.toThrow(/canary/);
  });

  it('should not quote a file that is not JSON', () => {
    expect(() => parseKeyFile('canary', 'keys.json')).toThrow(/^The key file keys\.json is not JSON\. Restore it/);
  });
});
