import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { KeyFileError } from './key-file-error.js';
import type { KeyFile, KeyState } from './key-file.js';

/** A key-encryption key in use; `key` is an opaque handle that prints nothing. */
export interface EncryptionKey {
  readonly id: string;
  readonly state: KeyState;
  readonly key: KeyObject;
}

const symmetric = (base64: string): KeyObject => createSecretKey(Buffer.from(base64, 'base64'));

/** The keys of one key file, ready for use. Holds handles only: printing it shows ids and states, never a key. */
export class Keyring {
  /** The one key that seals. */
  readonly primary: EncryptionKey;
  /** Signs the audit log's checkpoints: Ed25519. */
  readonly auditSigning: { readonly id: string; readonly privateKey: KeyObject };
  /** By id, the public half of every key that signs or signed checkpoints. */
  readonly auditPublicKeys: ReadonlyMap<string, KeyObject>;
  readonly tokenFingerprint: KeyObject;
  readonly apiKeyHmac: KeyObject;
  readonly #encryption: ReadonlyMap<string, EncryptionKey>;

  constructor(file: KeyFile) {
    const keys = file.encryption.keys.map(({ id, state, key }) => ({ id, state, key: symmetric(key.reveal()) }));
    const primary = keys.find(({ state }) => state === 'primary');
    if (primary === undefined) {
      throw new KeyFileError('The key file has no key in state "primary".');
    }
    this.primary = primary;
    this.#encryption = new Map(keys.map((key) => [key.id, key]));
    this.auditSigning = {
      id: file.audit_signing.id,
      privateKey: createPrivateKey(file.audit_signing.private_key.reveal()),
    };
    this.auditPublicKeys = new Map([
      [this.auditSigning.id, createPublicKey(this.auditSigning.privateKey)],
      ...(file.audit_signing.former ?? []).map((key) => [key.id, createPublicKey(key.public_key)] as const),
    ]);
    this.tokenFingerprint = symmetric(file.token_fingerprint.key.reveal());
    this.apiKeyHmac = symmetric(file.api_key_hmac.key.reveal());
  }

  /** The encryption key of this id, whatever its state, or undefined. */
  find(id: string): EncryptionKey | undefined {
    return this.#encryption.get(id);
  }
}
