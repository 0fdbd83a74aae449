import { type FieldError, Secret } from '@app/common';
import { createPrivateKey } from 'node:crypto';
import { readFormerSigningKeys } from './former-signing-keys.js';
import { KeyFileError } from './key-file-error.js';
import {
  KEY_BYTES,
  KEY_ID_PATTERN,
  KEY_STATES,
  type EncryptionKeyEntry,
  type KeyFile,
  type KeyState,
} from './key-file.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The key file that `text` holds. Throws a KeyFileError that names every malformed field; `origin` (its path) stands in the
 * message. Fields that it does not know are left alone: a newer release may have added them, and all of ours are required.
 */
export function parseKeyFile(text: string, origin: string): KeyFile {
  const reader = new KeyFileReader();
  const file = reader.read(parseJson(text, origin));
  if (reader.problems.length > 0) {
    const lines = reader.problems.map(({ field, message }) => `  ${field}: ${message}`);
    throw new KeyFileError(
      `The key file ${origin} is malformed. Restore it from your backup; "claviger keys generate" writes a new one, which cannot open what the old one sealed.\n${lines.join('\n')}`,
      reader.problems,
    );
  }
  return file;
}

function parseJson(text: string, origin: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes its input, which is key material here.
    throw new KeyFileError(`The key file ${origin} is not JSON. Restore it from your backup.`);
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads all fields before it gives up, so that one start shows every problem. */
class KeyFileReader {
  readonly problems: FieldError[] = [];
  private readonly seenKeys = new Map<string, string>();

  read(root: unknown): KeyFile {
    const file = this.fields(root, '(root)');
    if (file['version'] !== 1) {
      this.refuse('version', 'must be 1');
    }
    const signing = this.fields(file['audit_signing'], 'audit_signing');
    const encryption = { keys: this.encryptionKeys(file['encryption']) };
    const id = this.id(signing['id'], 'audit_signing.id');
    return {
      version: 1,
      encryption,
      audit_signing: {
        id,
        private_key: this.signingKey(signing['private_key'], 'audit_signing.private_key'),
        former: readFormerSigningKeys(signing['former'], id, (field, message) => this.refuse(field, message)),
      },
      token_fingerprint: { key: this.keyOf(file['token_fingerprint'], 'token_fingerprint') },
      api_key_hmac: { key: this.keyOf(file['api_key_hmac'], 'api_key_hmac') },
    };
  }

  private encryptionKeys(value: unknown): readonly EncryptionKeyEntry[] {
    const { keys } = this.fields(value, 'encryption');
    if (!Array.isArray(keys) || keys.length === 0) {
      this.refuse('encryption.keys', 'must be a list with at least one key');
      return [];
    }
    const entries = keys.map((entry: unknown, index) => this.encryptionKey(entry, `encryption.keys[${index}]`));
    if (new Set(entries.map(({ id }) => id)).size < entries.length) {
      this.refuse('encryption.keys', 'must not hold two keys of one id');
    }
    const primaries = entries.filter(({ state }) => state === 'primary').length;
    if (primaries !== 1) {
      this.refuse('encryption.keys', `must hold exactly one key in state "primary", not ${primaries}`);
    }
    return entries;
  }

  private encryptionKey(value: unknown, path: string): EncryptionKeyEntry {
    const entry = this.fields(value, path);
    return {
      id: this.id(entry['id'], `${path}.id`),
      state: this.state(entry['state'], `${path}.state`),
      key: this.key(entry['key'], `${path}.key`),
    };
  }

  private keyOf(value: unknown, path: string): Secret {
    return this.key(this.fields(value, path)['key'], `${path}.key`);
  }

  private key(value: unknown, path: string): Secret {
    const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
    const text = bytes.toString('base64');
    if (bytes.length !== KEY_BYTES || text !== value) {
      this.refuse(path, `must be ${KEY_BYTES} bytes in base64`);
      return new Secret('');
    }
    const twin = this.seenKeys.get(text);
    if (twin !== undefined) {
      this.refuse(path, `must not be the same key as ${twin}`);
    }
    this.seenKeys.set(text, path);
    return new Secret(text);
  }

  private signingKey(value: unknown, path: string): Secret {
    const pem = typeof value === 'string' ? value : '';
    if (!isEd25519(pem)) {
      this.refuse(path, 'must be an Ed25519 private key, PKCS#8 in PEM');
    }
    return new Secret(pem);
  }

  private id(value: unknown, path: string): string {
    if (typeof value === 'string' && KEY_ID_PATTERN.test(value)) {
      return value;
    }
    this.refuse(path, 'must be 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit');
    return path;
  }

  private state(value: unknown, path: string): KeyState {
    const state = KEY_STATES.find((known) => known === value);
    if (state === undefined) {
      this.refuse(path, `must be one of ${KEY_STATES.join(', ')}`);
    }
    return state ?? 'retired';
  }

  private fields(value: unknown, path: string): Fields {
    if (isFields(value)) {
      return value;
    }
    this.refuse(path, 'must be an object');
    return {};
  }

  private refuse(field: string, message: string): void {
    this.problems.push({ field, message });
  }
}

function isEd25519(pem: string): boolean {
  try {
    return pem.includes('BEGIN PRIVATE KEY') && createPrivateKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}
