import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a stand-in does beside its work. */
export type Mood = 'well' | 'silent' | 'failing';

/** A key service's HTTP API over a server of our own, which really encrypts. */
export interface KeyService {
  readonly url: string;
  /** How many requests it was sent. */
  readonly count: () => number;
  /** Silent: it takes requests and never answers. Failing: it answers 500. */
  mood(mood: Mood): void;
  /** Nobody listens there any more. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

type Work = (request: IncomingMessage, body: Readonly<Record<string, unknown>>) => Answer;

async function start(work: Work): Promise<KeyService> {
  let mood: Mood = 'well';
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    void respond(request, response, (body) => {
      if (mood === 'silent') {
        return undefined;
      }
      return mood === 'failing' ? { status: 500, body: { errors: ['1 error occurred'] } } : work(request, body);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => count,
    mood: (next) => void (mood = next),
    close: () => close(server),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  work: (body: Readonly<Record<string, unknown>>) => Answer | undefined,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  const answer = work(JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>);
  if (answer !== undefined) {
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  }
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => void server.close(() => resolve()));
}

function seal(key: Buffer, plain: Buffer, aad: Buffer): Buffer {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad);
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, sealed: Buffer, aad: Buffer): Buffer | undefined {
  if (sealed.length < 28) {
    return undefined;
  }
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-16));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const bytesOf = (value: unknown): Buffer => Buffer.from(textOf(value), 'base64');

const refusedByVault = (error: string): Answer => ({ status: 400, body: { errors: [error] } });
const refusedByKms = (type: string): Answer => ({ status: 400, body: { __type: type, message: type } });

/** The token that the stand-in of Vault takes. */
export const VAULT_TOKEN = 'hvs.stand-in';

/**
 * Vault's transit engine, mounted at `transit`: encrypt and decrypt with associated data, keys of version 1 that are made as they are
 * named in `keys` (https://developer.hashicorp.com/vault/api-docs/secret/transit).
 */
export async function startVault(keys: readonly string[]): Promise<KeyService> {
  const held = new Map(keys.map((name) => [name, randomBytes(32)]));
  return start((request, body) => {
    const [, operation, name] = /^\/v1\/transit\/(encrypt|decrypt)\/([\w.-]+)$/.exec(request.url ?? '') ?? [];
    if (request.headers['x-vault-token'] !== VAULT_TOKEN) {
      return { status: 403, body: { errors: ['permission denied'] } };
    }
    const key = held.get(name ?? '');
    if (request.method !== 'POST' || operation === undefined) {
      return { status: 404, body: { errors: [] } };
    }
    if (key === undefined) {
      return refusedByVault('encryption key not found');
    }
    const aad = bytesOf(body['associated_data']);
    if (operation === 'encrypt') {
      const ciphertext = `vault:v1:${seal(key, bytesOf(body['plaintext']), aad).toString('base64')}`;
      return { status: 200, body: { request_id: 'r', data: { ciphertext, key_version: 1 } } };
    }
    const [, version, text] = /^vault:v(\d+):(.*)$/.exec(textOf(body['ciphertext'])) ?? [];
    if (version !== '1') {
      return refusedByVault('invalid ciphertext: version is too new');
    }
    const plain = open(key, Buffer.from(text ?? '', 'base64'), aad);
    return plain === undefined
      ? refusedByVault('cipher: message authentication failed')
      : { status: 200, body: { request_id: 'r', data: { plaintext: plain.toString('base64') } } };
  });
}

/**
 * AWS KMS: Encrypt and Decrypt of its JSON protocol, with these keys, given by their ARNs
 * (https://docs.aws.amazon.com/kms/latest/APIReference). Signatures are not checked.
 */
export async function startKms(arns: readonly string[]): Promise<KeyService> {
  const held = new Map(arns.map((arn) => [arn, randomBytes(32)]));
  return start((request, body) => {
    const operation = textOf(request.headers['x-amz-target']).replace('TrentService.', '');
    const arn = textOf(body['KeyId']);
    const key = held.get(arn);
    const isSigned = textOf(request.headers.authorization).startsWith('AWS4-HMAC-SHA256 ');
    if (!isSigned || !request.headers['content-type']?.startsWith('application/x-amz-json-1.1')) {
      return refusedByKms('MissingAuthenticationTokenException');
    }
    if (key === undefined) {
      return refusedByKms('NotFoundException');
    }
    const context = Object.entries((body['EncryptionContext'] ?? {}) as Record<string, string>).toSorted();
    const aad = Buffer.from(JSON.stringify(context));
    /** A ciphertext of KMS names its key. */
    const mark = createHash('sha256').update(arn).digest().subarray(0, 16);
    if (operation === 'Encrypt') {
      const CiphertextBlob = Buffer.concat([mark, seal(key, bytesOf(body['Plaintext']), aad)]).toString('base64');
      return { status: 200, body: { CiphertextBlob, KeyId: arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' } };
    }
    const blob = bytesOf(body['CiphertextBlob']);
    if (
      arns.some(
        (other) => other !== arn && blob.indexOf(createHash('sha256').update(other).digest().subarray(0, 16)) === 0,
      )
    ) {
      return refusedByKms('IncorrectKeyException');
    }
    const plain = blob.subarray(0, 16).equals(mark) ? open(key, blob.subarray(16), aad) : undefined;
    return plain === undefined
      ? refusedByKms('InvalidCiphertextException')
      : { status: 200, body: { Plaintext: plain.toString('base64'), KeyId: arn } };
  });
}
