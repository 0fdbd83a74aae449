import { randomBytes, randomUUID } from 'node:crypto';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A random UUID, for rows and replicas. */
export const newId = (): string => randomUUID();

const TIME_DIGITS = 12;
const RANDOM_FROM = 15;

/**
 * A UUID that begins with the time (RFC 9562, version 7), for what is written in great numbers: an index takes ids that grow at its
 * end, where random ones have it look for a page each.
 */
export function newTimedId(now = Date.now()): string {
  const time = now.toString(16).padStart(TIME_DIGITS, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(RANDOM_FROM)}`;
}

/** `length` random lower-case letters and digits; a byte above 251 is drawn again, so that all 36 are equally likely. */
export function randomLetters(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 252 && text.length < length) {
        text += LETTERS[byte % LETTERS.length];
      }
    }
  }
  return text;
}
