import type { Secret } from '@app/common';
import { EnvelopeError } from './envelope-error.js';
import { KEY_BYTES } from './key-file.js';
import type { KeyProvider, KeyReference } from './key-provider.js';
import { KeyServiceError } from './key-service-error.js';
import { encodePlace, type Place } from './place.js';
import { withinDeadline } from './within.js';

/** How a transit engine is reached. */
export interface VaultAccess {
  /** Such as https://vault.example.com:8200, without a slash at its end. */
  readonly address: string;
  /** Where the engine is mounted: `transit`. */
  readonly mount: string;
  readonly namespace: string | undefined;
  /** The transit key that is offered. */
  readonly key: string;
  /** The token as it is now: an agent may renew it. */
  readonly token: () => Promise<Secret>;
}

const SERVICE = 'vault-transit';
const CIPHERTEXT = /^vault:v(\d{1,9}):([A-Za-z0-9+/]+={0,2})$/;
const VERSION_BYTES = 4;
/** What no wrapped data key exceeds: version, IV, 32 bytes, tag, and room. */
const MOST_WRAPPED_BYTES = 256;

interface Answer {
  readonly data?: { readonly ciphertext?: unknown; readonly plaintext?: unknown };
  readonly errors?: readonly unknown[];
}

/**
 * Keys of HashiCorp Vault's transit engine, which never leave it; `reference` is the key's name. The place goes along as
 * `associated_data`, so keys must be of an AEAD type (aes256-gcm96, the default, or chacha20-poly1305).
 */
export class VaultTransitKeys implements KeyProvider {
  readonly name = 'vault-transit';

  constructor(private readonly access: VaultAccess) {}

  offered(): readonly KeyReference[] {
    return [{ id: this.access.key, reference: this.access.key }];
  }

  has(): boolean {
    return true;
  }

  /** Version of the transit key (4 bytes) · what Vault made of the data key. Vault's own text would open with other spellings of its base64. */
  async wrap(key: KeyReference, dataKey: Uint8Array, place: Place): Promise<Buffer> {
    const plaintext = Buffer.from(dataKey).toString('base64');
    const { status, answer } = await this.#ask('encrypt', key, { plaintext, associated_data: aadOf(key, place) });
    const [, version, text] = CIPHERTEXT.exec(textOf(answer.data?.ciphertext)) ?? [];
    if (status !== 200 || version === undefined || text === undefined) {
      throw new KeyServiceError(
        SERVICE,
        `cannot seal with key ${key.id} (status ${status}): it must exist and be an AEAD key`,
      );
    }
    const number = Buffer.alloc(VERSION_BYTES);
    number.writeUInt32BE(Number(version));
    return Buffer.concat([number, Buffer.from(text, 'base64')]);
  }

  async unwrap(key: KeyReference, wrapped: Uint8Array, place: Place): Promise<Buffer> {
    if (wrapped.length <= VERSION_BYTES || wrapped.length > MOST_WRAPPED_BYTES) {
      throw new EnvelopeError('A sealed value is malformed.');
    }
    const bytes = Buffer.from(wrapped);
    const ciphertext = `vault:v${bytes.readUInt32BE()}:${bytes.subarray(VERSION_BYTES).toString('base64')}`;
    const { status, answer } = await this.#ask('decrypt', key, { ciphertext, associated_data: aadOf(key, place) });
    const dataKey = Buffer.from(textOf(answer.data?.plaintext), 'base64');
    if (status !== 200 || dataKey.length !== KEY_BYTES) {
      throw new EnvelopeError(
        `A sealed value of ${place.table}.${place.column} does not open with Vault's key ${key.id}: it was changed, moved here ` +
          'from another place or generation, or that key, or its version, is not there any more.',
      );
    }
    return dataKey;
  }

  /** Answers 200 or 400; anything else is thrown: Vault cannot do now what it is asked for. */
  async #ask(
    operation: 'encrypt' | 'decrypt',
    { reference }: KeyReference,
    body: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly answer: Answer }> {
    const { address, mount, namespace } = this.access;
    const { status, text } = await withinDeadline(SERVICE, async (signal) => {
      const token = await this.#token();
      return post(`${address}/v1/${mount}/${operation}/${encodeURIComponent(reference)}`, body, signal, {
        'x-vault-token': token.reveal(),
        'x-vault-request': 'true',
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      });
    });
    if (status === 403) {
      throw new KeyServiceError(
        SERVICE,
        `refuses our token for ${mount}/${operation}/${reference}: see its policy and its expiry`,
      );
    }
    if (status !== 200 && status !== 400) {
      throw new KeyServiceError(SERVICE, `answers ${status} to ${mount}/${operation}/${reference}`);
    }
    return { status, answer: parse(text) };
  }

  async #token(): Promise<Secret> {
    try {
      return await this.access.token();
    } catch (cause) {
      throw new KeyServiceError(SERVICE, 'cannot be asked without VAULT_TOKEN_FILE, which cannot be read', cause);
    }
  }
}

const aadOf = ({ id }: KeyReference, place: Place): string =>
  encodePlace(`claviger data key v1 ${id}`, place).toString('base64');

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

async function post(
  url: string,
  body: object,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const init = { method: 'POST', body: JSON.stringify(body), signal, redirect: 'error' } as const;
    const response = await fetch(url, { ...init, headers: { 'content-type': 'application/json', ...headers } });
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    throw new KeyServiceError(SERVICE, 'cannot be reached', cause);
  }
}

function parse(text: string): Answer {
  try {
    const answer = JSON.parse(text) as Answer | null;
    return answer ?? {};
  } catch {
    throw new KeyServiceError(SERVICE, 'answers something that is not JSON: see VAULT_ADDR');
  }
}
