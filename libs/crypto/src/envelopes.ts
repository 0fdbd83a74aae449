import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './aead.js';
import { EnvelopeError } from './envelope-error.js';
import { decodeEnvelope, encodeEnvelope } from './envelope.js';
import { KEY_BYTES } from './key-file.js';
import { type EncryptionKey, Keyring } from './keyring.js';
import { encodePlace, type Place } from './place.js';
import { unwrap, wrap } from './wrap.js';

const IV_BYTES = 12;

const aadOf = (place: Place): Buffer => encodePlace('claviger content v1', place);

/**
 * Envelope encryption of what is stored: each write has a fresh 256-bit data key, itself sealed with the primary
 * key-encryption key. Both layers are AES-256-GCM and bound to the place.
 */
@Injectable()
export class Envelopes {
  constructor(private readonly keyring: Keyring) {}

  /** `plain` sealed for this place; a text is sealed as UTF-8. */
  seal(plain: string | Uint8Array, place: Place): Buffer {
    const kek = this.keyring.primary;
    const dataKey = randomBytes(KEY_BYTES);
    const iv = randomBytes(IV_BYTES);
    try {
      const content = encrypt(dataKey, iv, typeof plain === 'string' ? Buffer.from(plain) : plain, aadOf(place));
      return encodeEnvelope({ keyId: kek.id, wrapped: wrap(kek, dataKey, place), iv, ...content });
    } finally {
      dataKey.fill(0);
    }
  }

  /**
   * What was sealed for this place. Throws an EnvelopeError where a bit of it changed, where it was sealed for another place,
   * or where its key is not at hand (the message says which key).
   */
  open(sealed: Uint8Array, place: Place): Buffer {
    const envelope = decodeEnvelope(sealed);
    const dataKey = unwrap(this.requireKey(envelope.keyId, place), envelope.wrapped, place);
    try {
      const refused = `A sealed value of ${place.table}.${place.column} does not open: it was changed.`;
      return decrypt(dataKey, envelope.iv, envelope, aadOf(place), refused);
    } finally {
      dataKey.fill(0);
    }
  }

  private requireKey(id: string, { table, column }: Place): EncryptionKey {
    const key = this.keyring.find(id);
    if (key === undefined) {
      throw new EnvelopeError(
        `A value of ${table}.${column} is sealed with key ${JSON.stringify(id)}, which the key file does not hold: add that key to KEYS_FILE.`,
      );
    }
    if (key.state === 'retired') {
      throw new EnvelopeError(
        `A value of ${table}.${column} is sealed with key ${id}, which is retired: set its state to "decrypt_only" in KEYS_FILE.`,
      );
    }
    return key;
  }
}
