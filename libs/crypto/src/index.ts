export { decrypt, encrypt, type Encrypted } from './aead.js';
export { ApiKeyHashes } from './api-key-hashes.js';
export { AwsKmsKeys, parseKmsArn } from './aws-kms-keys.js';
export { addKey, removeKey } from './change-key-file.js';
export { CryptoModule } from './crypto.module.js';
export { keyIdOf } from './envelope.js';
export { EnvelopeError } from './envelope-error.js';
export { Envelopes, type PreparedSeal } from './envelopes.js';
export { Fingerprints } from './fingerprints.js';
export type { FormerSigningKey } from './former-signing-keys.js';
export { KeyFileError } from './key-file-error.js';
export {
  type EncryptionKeyEntry,
  formatKeyFile,
  generateKeyFile,
  KEY_STATES,
  type KeyFile,
  type KeyState,
} from './key-file.js';
export { isLocal, KEY_PROVIDERS, type KeyProvider, type KeyProviderName, type KeyReference } from './key-provider.js';
export { KeyServiceError } from './key-service-error.js';
export { type EncryptionKey, Keyring, type KeyStates } from './keyring.js';
export { keyringFor } from './keyring.provider.js';
export { loadKeyring } from './load-keyring.js';
export { LocalKeys } from './local-keys.js';
export { parseKeyFile } from './parse-key-file.js';
export type { Place } from './place.js';
export { RememberedKeys } from './remembered-keys.js';
export { VaultTransitKeys, type VaultAccess } from './vault-transit-keys.js';
export { writeKeyFile } from './write-key-file.js';
