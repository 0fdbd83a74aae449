export { decrypt, encrypt, type Encrypted } from './aead.js';
export { ApiKeyHashes } from './api-key-hashes.js';
export { CryptoModule } from './crypto.module.js';
export { EnvelopeError } from './envelope-error.js';
export { Envelopes } from './envelopes.js';
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
export { type EncryptionKey, Keyring } from './keyring.js';
export { loadKeyring } from './load-keyring.js';
export { parseKeyFile } from './parse-key-file.js';
export type { Place } from './place.js';
export { writeKeyFile } from './write-key-file.js';
