import { EnvelopeError } from './envelope-error.js';
import { KEY_ID_PATTERN } from './key-file.js';

/** The parts of a sealed value, in the order of its bytes. */
export interface Envelope {
  readonly keyId: string;
  /** The data key, sealed with the key-encryption key `keyId`. */
  readonly wrapped: Uint8Array;
  readonly iv: Uint8Array;
  readonly tag: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** version (1 byte) · length of the key's id (1) · id · length of the wrapped key (2) · wrapped key · IV (12) · tag (16) · ciphertext. */
export function encodeEnvelope({ keyId, wrapped, iv, tag, ciphertext }: Envelope): Buffer {
  const id = Buffer.from(keyId, 'utf8');
  const wrappedLength = Buffer.alloc(2);
  wrappedLength.writeUInt16BE(wrapped.length);
  return Buffer.concat([Buffer.from([VERSION, id.length]), id, wrappedLength, wrapped, iv, tag, ciphertext]);
}

/** The id of the key that `sealed` needs. @throws EnvelopeError as `decodeEnvelope`. */
export const keyIdOf = (sealed: Uint8Array): string => decodeEnvelope(sealed).keyId;

/** The parts of `sealed`. Throws an EnvelopeError where it is cut short or of a version that this release does not know. */
export function decodeEnvelope(sealed: Uint8Array): Envelope {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  let offset = 0;
  const take = (length: number): Buffer => {
    if (offset + length > bytes.length) {
      throw new EnvelopeError('A sealed value is cut short.');
    }
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  const version = take(1).readUInt8();
  if (version !== VERSION) {
    throw new EnvelopeError(`A sealed value has format ${version}; this release reads format ${VERSION}.`);
  }
  const keyId = take(take(1).readUInt8()).toString('utf8');
  if (!KEY_ID_PATTERN.test(keyId)) {
    throw new EnvelopeError('A sealed value is malformed.');
  }
  const wrapped = take(take(2).readUInt16BE());
  return { keyId, wrapped, iv: take(IV_BYTES), tag: take(TAG_BYTES), ciphertext: bytes.subarray(offset) };
}
