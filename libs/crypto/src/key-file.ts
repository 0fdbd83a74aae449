import { randomLetters, Secret } from '@app/common';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { FormerSigningKey } from './former-signing-keys.js';

/**
 * Life of an encryption key: `pending` opens but does not seal yet, `primary` seals and opens, `decrypt_only` opens what it
 * sealed before, `retired` is kept on record and does neither.
 */
export const KEY_STATES = ['pending', 'primary', 'decrypt_only', 'retired'] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** One key-encryption key as the key file holds it; `key` is 32 bytes in base64. */
export interface EncryptionKeyEntry {
  readonly id: string;
  readonly state: KeyState;
  readonly key: Secret;
}

/** The key file (KEYS_FILE): one key a purpose, so that none can be misused for another. */
export interface KeyFile {
  readonly version: 1;
  readonly encryption: { readonly keys: readonly EncryptionKeyEntry[] };
  /** Ed25519, PKCS#8 PEM; `former` are the public halves of those that signed before. */
  readonly audit_signing: {
    readonly id: string;
    readonly private_key: Secret;
    readonly former?: readonly FormerSigningKey[];
  };
  /** 32 bytes in base64, as below. */
  readonly token_fingerprint: { readonly key: Secret };
  readonly api_key_hmac: { readonly key: Secret };
}

/** Ids of encryption and signing keys. */
export const KEY_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Bytes of every symmetric key. */
export const KEY_BYTES = 32;

const freshKey = (): Secret => new Secret(randomBytes(KEY_BYTES).toString('base64'));

/** A key file with fresh random keys, one encryption key among them, which is primary. */
export function generateKeyFile(): KeyFile {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    version: 1,
    encryption: { keys: [{ id: `k-${randomLetters(12)}`, state: 'primary', key: freshKey() }] },
    audit_signing: {
      id: `s-${randomLetters(12)}`,
      private_key: new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    },
    token_fingerprint: { key: freshKey() },
    api_key_hmac: { key: freshKey() },
  };
}

/** The text to write to disk: the one place where a whole key file is revealed. */
export function formatKeyFile(file: KeyFile): string {
  const { former = [], ...signing } = file.audit_signing;
  const revealed = {
    version: file.version,
    encryption: { keys: file.encryption.keys.map(({ id, state, key }) => ({ id, state, key: key.reveal() })) },
    audit_signing: {
      id: signing.id,
      private_key: signing.private_key.reveal(),
      ...(former.length > 0 ? { former } : {}),
    },
    token_fingerprint: { key: file.token_fingerprint.key.reveal() },
    api_key_hmac: { key: file.api_key_hmac.key.reveal() },
  };
  return `${JSON.stringify(revealed, null, 2)}\n`;
}
