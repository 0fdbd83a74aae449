import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { EnvelopeError } from './envelope-error.js';
import type { KeyFile, KeyState } from './key-file.js';
import { KeyFileError } from './key-file-error.js';
import { isLocal, type KeyProvider, type KeyProviderName, type KeyReference } from './key-provider.js';
import { LocalKeys } from './local-keys.js';
import type { Place } from './place.js';
import { withinDeadline } from './within.js';

/** A key-encryption key: where it is, and what it may be used for. */
export interface EncryptionKey extends KeyReference {
  readonly provider: KeyProviderName;
  readonly state: KeyState;
}

/** Who knows the states of keys, which all replicas share. */
export interface KeyStates {
  /** Has the keyring follow them. @throws BrokerError `storage_unavailable` where they cannot be read. */
  refresh(): Promise<void>;
  /** False where they were not heard of for so long that another key may be the primary one by now. */
  isCurrent(): boolean;
}

/** Where keys come from beside the key file, and how that is read again. */
export interface KeyringOptions {
  /** All providers that can be asked; the keys of the file alone where none are given. */
  readonly providers?: readonly KeyProvider[];
  /** The keys as they are before anybody knows better; those of the file, with its states, where none are given. */
  readonly first?: readonly EncryptionKey[];
  /** Reads the key file again where it changed. @throws KeyFileError */
  readonly reload?: () => void;
}

const symmetric = (base64: string): KeyObject => createSecretKey(Buffer.from(base64, 'base64'));

/** The keys in use. Holds handles only: printing it shows ids and states, never a key. */
export class Keyring {
  /** Signs the audit log's checkpoints: Ed25519. */
  readonly auditSigning: { readonly id: string; readonly privateKey: KeyObject };
  /** By id, the public half of every key that signs or signed checkpoints. */
  readonly auditPublicKeys: ReadonlyMap<string, KeyObject>;
  readonly tokenFingerprint: KeyObject;
  readonly apiKeyHmac: KeyObject;
  /** The keys as they were before anybody knew better: what a new database is told. */
  readonly first: readonly EncryptionKey[];
  readonly #providers: readonly KeyProvider[];
  readonly #reload: () => void;
  #keys: ReadonlyMap<string, EncryptionKey> = new Map();
  #primary: EncryptionKey;
  #states: KeyStates | undefined;

  constructor(file: KeyFile, { providers, first, reload }: KeyringOptions = {}) {
    const local = new LocalKeys('file', file.encryption.keys);
    this.#providers = providers ?? [local];
    this.#reload = reload ?? (() => undefined);
    this.first = first ?? keysOf(file, 'file');
    this.#primary = this.#follow(this.first);
    this.auditSigning = {
      id: file.audit_signing.id,
      privateKey: createPrivateKey(file.audit_signing.private_key.reveal()),
    };
    this.auditPublicKeys = new Map([
      [this.auditSigning.id, createPublicKey(this.auditSigning.privateKey)],
      ...(file.audit_signing.former ?? []).map((key) => [key.id, createPublicKey(key.public_key)] as const),
    ]);
    this.tokenFingerprint = symmetric(file.token_fingerprint.key.reveal());
    this.apiKeyHmac = symmetric(file.api_key_hmac.key.reveal());
  }

  /** The one key that seals. */
  get primary(): EncryptionKey {
    return this.#primary;
  }

  /** The encryption key of this id, whatever its state, or undefined. */
  find(id: string): EncryptionKey | undefined {
    return this.#keys.get(id);
  }

  /** From now on these are the keys, in these states. */
  follow(keys: readonly EncryptionKey[]): void {
    this.#primary = this.#follow(keys);
  }

  /** From now on this is asked about states that are not known. */
  listenTo(states: KeyStates): void {
    this.#states = states;
  }

  /** Reads the key file again where it changed. @throws KeyFileError where it cannot be used; the keys stay as they were. */
  reload(): void {
    this.#reload();
  }

  /** Keys that the key file and the configuration bring, whether or not anybody has heard of them. */
  offered(): readonly Omit<EncryptionKey, 'state'>[] {
    return this.#providers.flatMap((provider) =>
      provider.offered().map(({ id, reference }) => ({ id, reference, provider: provider.name })),
    );
  }

  /** True where this process can use the key, or ask the service that holds it. */
  has(key: Omit<EncryptionKey, 'state'>): boolean {
    return this.#providerOf(key)?.has(key) === true;
  }

  /**
   * The key to seal with. A process that heard nothing for long, because it was frozen, asks first; where nobody answers within a
   * second it uses what it knows: an answer that is kept late may be lost.
   */
  async sealingKey(): Promise<EncryptionKey> {
    if (this.#states?.isCurrent() === false) {
      await withinDeadline('states', () => this.#states?.refresh() ?? Promise.resolve()).catch(() => undefined);
    }
    return this.#primary;
  }

  /** The key of this id, also where nobody here has heard of it yet. */
  async openingKey(id: string): Promise<EncryptionKey | undefined> {
    if (this.#keys.get(id) === undefined) {
      await this.#states?.refresh();
    }
    return this.#keys.get(id);
  }

  wrap(key: Omit<EncryptionKey, 'state'>, dataKey: Uint8Array, place: Place): Promise<Buffer> {
    return this.#require(key).wrap(key, dataKey, place);
  }

  /** What gives the wrapped data key, whatever becomes of its holder meanwhile: a service is asked now. */
  async wrapAhead(key: Omit<EncryptionKey, 'state'>, dataKey: Uint8Array, place: Place): Promise<() => Buffer> {
    const provider = this.#require(key);
    if (provider.wrapLater !== undefined) {
      return provider.wrapLater(key, dataKey, place);
    }
    const wrapped = await provider.wrap(key, dataKey, place);
    return () => wrapped;
  }

  unwrap(key: Omit<EncryptionKey, 'state'>, wrapped: Uint8Array, place: Place): Promise<Buffer> {
    return this.#require(key).unwrap(key, wrapped, place);
  }

  /** A file that cannot be used now is told of by whoever reads it regularly. */
  #tryReload(): void {
    try {
      this.reload();
    } catch {
      return;
    }
  }

  #follow(keys: readonly EncryptionKey[]): EncryptionKey {
    const primary = keys.find(({ state }) => state === 'primary');
    if (primary === undefined) {
      throw new KeyFileError('The key file has no key in state "primary".');
    }
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    return primary;
  }

  #providerOf({ provider: name }: Pick<EncryptionKey, 'provider'>): KeyProvider | undefined {
    return this.#providers.find((provider) => provider.name === name || (isLocal(provider.name) && isLocal(name)));
  }

  #require(key: Omit<EncryptionKey, 'state'>): KeyProvider {
    const provider = this.#providerOf(key);
    if (provider === undefined) {
      throw new EnvelopeError(
        `The key ${key.id} is held by ${key.provider}, which is not configured: see KEY_PROVIDER.`,
      );
    }
    if (!provider.has(key)) {
      this.#tryReload();
    }
    return provider;
  }
}

/** The encryption keys of a key file, in its states. */
export const keysOf = (file: KeyFile, provider: 'file' | 'env'): readonly EncryptionKey[] =>
  file.encryption.keys.map(({ id, state }) => ({ id, reference: id, provider, state }));
