import type { Place } from './place.js';

/**
 * Where key-encryption keys are: `file` (the key file) and `env` (its text in a variable) hold them in this process; the others are
 * services that wrap and unwrap, and never give a key out.
 */
export const KEY_PROVIDERS = ['file', 'env', 'vault-transit', 'aws-kms'] as const;
export type KeyProviderName = (typeof KEY_PROVIDERS)[number];

/** A key as envelopes name it (`id`), and as its provider does: the name of a transit key, the ARN of a KMS key. */
export interface KeyReference {
  readonly id: string;
  readonly reference: string;
}

/** Seals data keys with key-encryption keys. What it wrapped for one place opens at no other. */
export interface KeyProvider {
  readonly name: KeyProviderName;

  /** Keys that this process was given: by the key file, or by the configuration. */
  offered(): readonly KeyReference[];

  /** True where the key can be used, or a service can be asked to. */
  has(key: KeyReference): boolean;

  /** The data key (32 bytes), sealed for this place. @throws KeyServiceError within a second where a service cannot be asked. */
  wrap(key: KeyReference, dataKey: Uint8Array, place: Place): Promise<Buffer>;

  /**
   * What wraps the data key when it is called, with the key as it is held now: of those who hold their keys in this process. It saves
   * wrapping what may never be sealed. @throws EnvelopeError where the key is not at hand.
   */
  wrapLater?(key: KeyReference, dataKey: Uint8Array, place: Place): () => Buffer;

  /**
   * The data key again. @throws EnvelopeError where it was changed, or wrapped by another key or for another place;
   * KeyServiceError within a second where a service cannot be asked.
   */
  unwrap(key: KeyReference, wrapped: Uint8Array, place: Place): Promise<Buffer>;
}

/** True for keys that the process holds itself: which of both ways they came makes no difference to what they sealed. */
export const isLocal = (name: KeyProviderName): boolean => name === 'file' || name === 'env';
