import { Injectable } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import { Keyring } from './keyring.js';

/** Each gives two of its digits. */
const BYTES = 16;

/** Names a token in the audit log without revealing it: whoever holds the token and the key can find its rows. */
@Injectable()
export class Fingerprints {
  constructor(private readonly keyring: Keyring) {}

  /** HMAC-SHA256 of the token: its first 32 hexadecimal digits. */
  of(token: string): string {
    // Not a slice of all digits: that would hold all of them in memory for as long as the token.
    return createHmac('sha256', this.keyring.tokenFingerprint).update(token).digest().toString('hex', 0, BYTES);
  }
}
