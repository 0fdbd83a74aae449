import { createHash } from 'node:crypto';
import { type Identity, keyOfIdentity } from './identity.js';

/** An identity that a request proved. */
export interface ProvedIdentity extends Identity {
  /** Stands for an API key's id in the audit log: what vouched, and for whom; at most 128 characters. */
  readonly keyId: string;
}

const LONGEST_KEY_ID = 128;
const DIGEST_DIGITS = 16;

/** The identity; `voucher` is `mtls` or `jwt:<alias of the issuer>`. */
export const proved = (identity: Identity, voucher: string): ProvedIdentity => ({
  ...identity,
  keyId: shortened(`${voucher}:${identity.subject}`, identity),
});

/** What is too long keeps its beginning, and a digest tells it from others with the same. */
function shortened(text: string, identity: Identity): string {
  if (text.length <= LONGEST_KEY_ID) {
    return text;
  }
  const digest = createHash('sha256').update(keyOfIdentity(identity)).digest('hex').slice(0, DIGEST_DIGITS);
  return `${text.slice(0, LONGEST_KEY_ID - DIGEST_DIGITS - 1).replace(/[\uD800-\uDBFF]$/, '')}~${digest}`;
}
