import type { Keyring } from '@app/crypto';
import { createPublicKey, type KeyObject } from 'node:crypto';

/** Ed25519 public keys by id: whose checkpoints are trusted. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;
export const PublicKeys = Symbol('PublicKeys');

/** Those of a key file. */
export const publicKeysOf = ({ auditSigning: { id, privateKey } }: Keyring): PublicKeys =>
  new Map([[id, createPublicKey(privateKey)]]);
