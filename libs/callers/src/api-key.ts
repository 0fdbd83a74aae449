import { randomLetters, Secret } from '@app/common';
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The two halves of an API key: what it is looked up by, and what proves it. */
export interface ApiKey {
  readonly keyId: string;
  /** 32 random bytes, base64url. */
  readonly secret: string;
}

/** An API key that was just made; `text` is shown once and then only its hash is kept. */
export interface NewApiKey {
  readonly keyId: string;
  readonly secret: Secret;
  readonly text: Secret;
}

/** Ids of API keys. */
export const API_KEY_ID_PATTERN = /^[a-z0-9]{12}$/;

const FORMAT = /^clv_([a-z0-9]{12})_([A-Za-z0-9_-]{43})[0-9A-Za-z]{6}$/;
const KEY_ID_AT = 'clv_'.length;
const KEY_ID_LETTERS = 12;
const SECRET_BYTES = 32;
const CHECKSUM_DIGITS = 6;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A fresh key: `clv_<key id>_<256-bit secret, base64url><checksum>`. */
export function newApiKey(): NewApiKey {
  const keyId = randomLetters(KEY_ID_LETTERS);
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const body = `clv_${keyId}_${secret}`;
  return { keyId, secret: new Secret(secret), text: new Secret(`${body}${checksum(body)}`) };
}

/** The halves of a key, or undefined where its form or checksum is wrong: mistyped and cut keys cost no look-up. */
export function parseApiKey(text: string): ApiKey | undefined {
  const [, keyId, secret] = FORMAT.exec(text) ?? [];
  if (keyId === undefined || secret === undefined) {
    return undefined;
  }
  const body = text.slice(0, -CHECKSUM_DIGITS);
  return text === `${body}${checksum(body)}` ? { keyId, secret } : undefined;
}

/** Where a key's id stands in what may be a key; whether it is one is not looked at. */
export const keyIdOf = (text: string): string => text.slice(KEY_ID_AT, KEY_ID_AT + KEY_ID_LETTERS);

/** CRC-32 in six base-62 digits: finds typing errors and lets secret scanners be sure; it keeps nobody out. */
function checksum(body: string): string {
  let rest = crc32(body);
  let digits = '';
  while (digits.length < CHECKSUM_DIGITS) {
    digits = `${DIGITS[rest % DIGITS.length]}${digits}`;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}
