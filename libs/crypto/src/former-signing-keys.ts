import { createPublicKey } from 'node:crypto';
import { KEY_ID_PATTERN } from './key-file.js';

/** A key that signed checkpoints before the one in use: they verify with it for as long as they are kept. */
export interface FormerSigningKey {
  readonly id: string;
  /** Ed25519, SPKI PEM. */
  readonly public_key: string;
}

/** The list `audit_signing.former` of a key file, empty where it is absent. `refuse` hears of every malformed field; `current` is the id in use. */
export function readFormerSigningKeys(
  value: unknown,
  current: string,
  refuse: (field: string, message: string) => void,
): readonly FormerSigningKey[] {
  if (value === undefined) {
    return [];
  }
  if (!Array.isArray(value)) {
    refuse('audit_signing.former', 'must be a list');
    return [];
  }
  const keys = value.map((entry: unknown, index) => readKey(entry, `audit_signing.former[${index}]`, refuse));
  if (new Set([current, ...keys.map(({ id }) => id)]).size <= keys.length) {
    refuse('audit_signing.former', 'must not hold two keys of one id, nor the id of the key in use');
  }
  return keys;
}

function readKey(entry: unknown, path: string, refuse: (field: string, message: string) => void): FormerSigningKey {
  const { id, public_key } = (entry ?? {}) as Partial<Record<keyof FormerSigningKey, unknown>>;
  if (typeof id !== 'string' || !KEY_ID_PATTERN.test(id)) {
    refuse(`${path}.id`, 'must be 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit');
  }
  if (typeof public_key !== 'string' || !isEd25519(public_key)) {
    refuse(`${path}.public_key`, 'must be an Ed25519 public key, SPKI in PEM');
  }
  return { id: String(id), public_key: String(public_key) };
}

function isEd25519(pem: string): boolean {
  try {
    return pem.includes('BEGIN PUBLIC KEY') && createPublicKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}
