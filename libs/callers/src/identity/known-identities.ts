import type { KnownKeys } from '../known-keys.js';
import type { KnownIdentity } from './known-identity.js';

/** Identities that were looked up lately, by `keyOfIdentity`; remembered and forgotten as API keys are. */
export type KnownIdentities = KnownKeys<KnownIdentity>;
export const KnownIdentities = Symbol('KnownIdentities');
