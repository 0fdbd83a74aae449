import { Injectable } from '@nestjs/common';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Keyring } from './keyring.js';

/**
 * What is stored of an API key. One HMAC is enough: the secret is 256 random bits, which nobody guesses, so a slow hash
 * would cost every request and protect nothing.
 */
@Injectable()
export class ApiKeyHashes {
  constructor(private readonly keyring: Keyring) {}

  /** HMAC-SHA256 of the secret part of an API key: 32 bytes. */
  hash(secret: string): Buffer {
    return createHmac('sha256', this.keyring.apiKeyHmac).update(secret).digest();
  }

  /** True where both hashes are the same, in a time that does not tell where they differ. */
  equals(left: Uint8Array, right: Uint8Array): boolean {
    return left.length === right.length && timingSafeEqual(left, right);
  }
}
