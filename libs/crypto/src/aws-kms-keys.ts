import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms';
import { EnvelopeError } from './envelope-error.js';
import { KEY_BYTES } from './key-file.js';
import type { KeyProvider, KeyReference } from './key-provider.js';
import { KeyServiceError } from './key-service-error.js';
import type { Place } from './place.js';
import { withinDeadline } from './within.js';

type Sdk = typeof import('@aws-sdk/client-kms');

const SERVICE = 'aws-kms';
const ARN = /^arn:[\w-]+:kms:([\w-]+):\d{12}:key\/([A-Za-z0-9][A-Za-z0-9-]{0,63})$/;
/** What KMS takes. */
const MOST_WRAPPED_BYTES = 6144;
/** KMS says so where the ciphertext, its place or its key is another one. */
const REFUSALS: ReadonlySet<string> = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

/** The parts of a KMS key's ARN that are needed, or undefined where it is none. Aliases are not taken: they may move. */
export function parseKmsArn(arn: string): { readonly region: string; readonly id: string } | undefined {
  const [, region, id] = ARN.exec(arn) ?? [];
  return region === undefined || id === undefined ? undefined : { region, id };
}

/**
 * Keys of AWS KMS, which never leave it; `reference` is the key's ARN. The place goes along as the encryption context, so it
 * stands in CloudTrail and key policies can name it. The SDK is loaded at the first use, and finds credentials as it always does.
 */
export class AwsKmsKeys implements KeyProvider {
  readonly name = 'aws-kms';
  readonly #clients = new Map<string, KMSClient>();
  #sdk: Promise<Sdk> | undefined;

  constructor(
    private readonly arn: string,
    private readonly options: KMSClientConfig = {},
  ) {}

  offered(): readonly KeyReference[] {
    return [{ id: parseKmsArn(this.arn)?.id ?? this.arn, reference: this.arn }];
  }

  has(): boolean {
    return true;
  }

  async wrap(key: KeyReference, dataKey: Uint8Array, place: Place): Promise<Buffer> {
    const { EncryptCommand } = await this.#load();
    const input = { KeyId: key.reference, Plaintext: dataKey, EncryptionContext: contextOf(place) };
    const { CiphertextBlob } = await this.#ask(key, async (client, options) =>
      client.send(new EncryptCommand(input), options),
    );
    return Buffer.from(CiphertextBlob ?? []);
  }

  async unwrap(key: KeyReference, wrapped: Uint8Array, place: Place): Promise<Buffer> {
    if (wrapped.length === 0 || wrapped.length > MOST_WRAPPED_BYTES) {
      throw new EnvelopeError('A sealed value is malformed.');
    }
    const { DecryptCommand } = await this.#load();
    const input = { KeyId: key.reference, CiphertextBlob: wrapped, EncryptionContext: contextOf(place) };
    const refused = `A sealed value of ${place.table}.${place.column} does not open with the KMS key ${key.id}: it was changed, moved here from another place or generation, or sealed with another key.`;
    const { Plaintext } = await this.#ask(
      key,
      async (client, options) => client.send(new DecryptCommand(input), options),
      refused,
    );
    if (Plaintext?.length !== KEY_BYTES) {
      throw new EnvelopeError(refused);
    }
    return Buffer.from(Plaintext);
  }

  async #ask<Result>(
    key: KeyReference,
    send: (client: KMSClient, options: { abortSignal: AbortSignal }) => Promise<Result>,
    refused?: string,
  ): Promise<Result> {
    const client = await this.#clientFor(key);
    try {
      return await withinDeadline(SERVICE, (abortSignal) => send(client, { abortSignal }));
    } catch (error) {
      if (error instanceof KeyServiceError) {
        throw error;
      }
      const { name } = error as { readonly name?: string };
      if (refused !== undefined && REFUSALS.has(name ?? '')) {
        throw new EnvelopeError(refused);
      }
      throw new KeyServiceError(SERVICE, `cannot use key ${key.id} (${name ?? 'unknown error'})`, error);
    }
  }

  /** One client a region; a rotation may lead to another one. */
  async #clientFor({ reference }: KeyReference): Promise<KMSClient> {
    const region = parseKmsArn(reference)?.region ?? '';
    const held = this.#clients.get(region);
    if (held !== undefined) {
      return held;
    }
    const { KMSClient: Client } = await this.#load();
    const client = new Client({ region, maxAttempts: 2, ...this.options });
    this.#clients.set(region, client);
    return client;
  }

  #load(): Promise<Sdk> {
    this.#sdk ??= import('@aws-sdk/client-kms');
    return this.#sdk;
  }
}

const contextOf = ({ table, row, column, generation }: Place): Record<string, string> => ({
  'claviger:table': table,
  'claviger:row': row,
  'claviger:column': column,
  'claviger:generation': String(generation),
});
