import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './aead.js';
import { missingKey } from './envelope-error.js';
import { decodeEnvelope, encodeEnvelope, type Envelope } from './envelope.js';
import { KEY_BYTES } from './key-file.js';
import { type EncryptionKey, Keyring } from './keyring.js';
import { encodePlace, type Place } from './place.js';

const IV_BYTES = 12;

const aadOf = (place: Place): Buffer => encodePlace('claviger content v1', place);

/** Seals one value, at once and whatever became of the key service since it was made. */
export interface PreparedSeal {
  /** The key that it is sealed with. */
  readonly keyId: string;
  /** @throws Error where it was used before. */
  seal(plain: string | Uint8Array): Buffer;
}

/**
 * Envelope encryption of what is stored: each write has a fresh 256-bit data key, itself sealed with the primary
 * key-encryption key by whoever holds that. Both layers are bound to the place. A key service that cannot be asked shows as a
 * KeyServiceError, within a second.
 */
@Injectable()
export class Envelopes {
  constructor(private readonly keyring: Keyring) {}

  /** `plain` sealed for this place; a text is sealed as UTF-8. */
  async seal(plain: string | Uint8Array, place: Place): Promise<Buffer> {
    return (await this.prepare(place)).seal(plain);
  }

  /** What will seal one value for this place: the key service is asked now, for what must be kept when it comes. */
  async prepare(place: Place): Promise<PreparedSeal> {
    return this.#prepare(await this.keyring.sealingKey(), place);
  }

  /** `plain` sealed with this key, whatever its state: how a key proves itself. */
  async sealWith(key: Omit<EncryptionKey, 'state'>, plain: string, place: Place): Promise<Buffer> {
    return (await this.#prepare(key, place)).seal(plain);
  }

  /**
   * What was sealed for this place. Throws an EnvelopeError where a bit of it changed, where it was sealed for another place,
   * or where its key is not at hand (the message says which key). A retired key opens for as long as it is at hand: what a replica
   * that was frozen wrote late is not lost.
   */
  async open(sealed: Uint8Array, place: Place): Promise<Buffer> {
    const envelope = decodeEnvelope(sealed);
    const dataKey = await this.#unwrap(envelope, place);
    try {
      return openContent(envelope, dataKey, place);
    } finally {
      dataKey.fill(0);
    }
  }

  /**
   * The same content under the primary key: its data key is wrapped anew, the ciphertext stays as it is. Undefined where the
   * primary key wrapped it already. @throws as `open`, also where only the content was changed.
   */
  async rewrap(sealed: Uint8Array, place: Place): Promise<Buffer | undefined> {
    const envelope = decodeEnvelope(sealed);
    const key = await this.keyring.sealingKey();
    if (envelope.keyId === key.id) {
      return undefined;
    }
    const dataKey = await this.#unwrap(envelope, place);
    try {
      openContent(envelope, dataKey, place).fill(0);
      return encodeEnvelope({ ...envelope, keyId: key.id, wrapped: await this.keyring.wrap(key, dataKey, place) });
    } finally {
      dataKey.fill(0);
    }
  }

  async #prepare(key: Omit<EncryptionKey, 'state'>, place: Place): Promise<PreparedSeal> {
    // Both at once: asking for them costs more than having them made.
    const random = randomBytes(KEY_BYTES + IV_BYTES);
    const [dataKey, iv] = [random.subarray(0, KEY_BYTES), random.subarray(KEY_BYTES)];
    const wrapped = await this.keyring.wrapAhead(key, dataKey, place);
    let used = false;
    return {
      keyId: key.id,
      seal: (plain) => {
        if (used) {
          throw new Error('A data key seals one value.');
        }
        used = true;
        try {
          const content = encrypt(dataKey, iv, typeof plain === 'string' ? Buffer.from(plain) : plain, aadOf(place));
          return encodeEnvelope({ keyId: key.id, wrapped: wrapped(), iv, ...content });
        } finally {
          dataKey.fill(0);
        }
      },
    };
  }

  async #unwrap({ keyId, wrapped }: Envelope, place: Place): Promise<Buffer> {
    const key = this.keyring.find(keyId) ?? (await this.keyring.openingKey(keyId));
    if (key === undefined) {
      throw missingKey(keyId, place);
    }
    return this.keyring.unwrap(key, wrapped, place);
  }
}

function openContent(envelope: Envelope, dataKey: Uint8Array, place: Place): Buffer {
  const refused = `A sealed value of ${place.table}.${place.column} does not open: it was changed.`;
  return decrypt(dataKey, envelope.iv, envelope, aadOf(place), refused);
}
