import type { Keyring } from '@app/crypto';
import type { KeyObject } from 'node:crypto';

/** Ed25519 public keys by id: whose checkpoints are trusted. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;
export const PublicKeys = Symbol('PublicKeys');

/** Those of a key file: of the key that signs now, and of those that signed before it. */
export const publicKeysOf = ({ auditPublicKeys }: Keyring): PublicKeys => auditPublicKeys;
