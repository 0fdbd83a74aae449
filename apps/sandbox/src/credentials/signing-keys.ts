import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';

const RSA_BITS = 2048;

/** Keys as they are kept in the state file. */
export interface SavedKeys {
  /** base64url. */
  readonly hs256: string;
  /** PEM. */
  readonly es256: string;
  /** PEM; null until a credential needed one. */
  readonly rsa: string | null;
}

/** The keys of one sandbox: what it signs tokens with, and the RSA key that it hands to clients that sign assertions. */
export class SigningKeys {
  readonly hs256: KeyObject;
  readonly es256: KeyObject;
  readonly #publicKeys = new Map<string, KeyObject>();
  #rsa: Promise<string> | undefined;
  #rsaPem: string | null;

  constructor(saved?: SavedKeys) {
    this.hs256 = createSecretKey(saved ? Buffer.from(saved.hs256, 'base64url') : randomBytes(32));
    this.es256 = saved ? createPrivateKey(saved.es256) : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    this.#rsaPem = saved?.rsa ?? null;
  }

  /** One for all: making an RSA key takes a tenth of a second, and benchmarks issue thousands of credentials. */
  async rsaPrivateKey(): Promise<string> {
    this.#rsa ??= this.#rsaPem === null ? makeRsa() : Promise.resolve(this.#rsaPem);
    this.#rsaPem = await this.#rsa;
    return this.#rsaPem;
  }

  /** The public half of a private key in PEM; read once, because reading costs more than verifying. */
  publicKeyOf(privateKey: string): KeyObject {
    const known = this.#publicKeys.get(privateKey);
    if (known) {
      return known;
    }
    const key = createPublicKey(privateKey);
    this.#publicKeys.set(privateKey, key);
    return key;
  }

  save(): SavedKeys {
    return {
      hs256: this.hs256.export().toString('base64url'),
      es256: String(this.es256.export({ type: 'pkcs8', format: 'pem' })),
      rsa: this.#rsaPem,
    };
  }
}

async function makeRsa(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}
