import { Injectable } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import { Keyring } from './keyring.js';

const DIGITS = 32;

/** Names a token in the audit log without revealing it: whoever holds the token and the key can find its rows. */
@Injectable()
export class Fingerprints {
  constructor(private readonly keyring: Keyring) {}

  /** HMAC-SHA256 of the token: its first 32 hexadecimal digits. */
  of(token: string): string {
    return createHmac('sha256', this.keyring.tokenFingerprint).update(token).digest('hex').slice(0, DIGITS);
  }
}
