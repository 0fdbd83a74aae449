import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { complaintAboutKey } from './private-key.js';
import { newKeys } from '../oauth2/testing/new-oauth2.js';

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

describe(complaintAboutKey.name, () => {
  it('should accept keys of any kind', () => {
    expect(complaintAboutKey(newKeys().pem)).toBeUndefined();
    expect(complaintAboutKey(pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey))).toBeUndefined();
    expect(complaintAboutKey(pem(generateKeyPairSync('ed25519').privateKey))).toBeUndefined();
  });

  it('should refuse a short RSA key and what is no key', () => {
    expect(complaintAboutKey(pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey))).toBe(
      'must be a key of at least 2048 bits',
    );
    expect(complaintAboutKey('canary')).toBe(
      'must be a private key in PEM, with its line breaks and without a passphrase',
    );
  });
});
