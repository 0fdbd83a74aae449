import type { PublicKeys } from '@app/audit';
import { publicKeysOf } from '@app/audit';
import { BrokerError, errorFacts } from '@app/common';
import { Keyring, loadKeyring, parseKeyFile } from '@app/crypto';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * The public keys that these files hold: each is a key file, or `{ "id", "public_key" }` (PEM, or DER in base64), one or a list.
 * @throws BrokerError `invalid_request` that names the file.
 */
export function readPublicKeys(paths: readonly string[], keysFile: string | undefined): PublicKeys {
  if (paths.length > 0) {
    return new Map(paths.flatMap((path) => keysIn(path)));
  }
  if (keysFile === undefined) {
    const detail = 'Give --public-key <file>, what "claviger keys public" prints, or set KEYS_FILE.';
    throw new BrokerError('invalid_request', detail);
  }
  return publicKeysOf(loadKeyring(keysFile));
}

function keysIn(path: string): readonly (readonly [string, KeyObject])[] {
  const parsed = parse(path);
  if (Object(parsed) !== parsed || !('audit_signing' in (parsed as object))) {
    return [parsed].flat().map((entry) => keyOf(entry, path));
  }
  return [...publicKeysOf(new Keyring(parseKeyFile(JSON.stringify(parsed), path)))];
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { error_code: code } = errorFacts(error);
    // The parser's own message quotes its input, which may be key material.
    const why = code === undefined ? 'it is not JSON' : String(code);
    throw new BrokerError('invalid_request', `The public keys in ${path} cannot be read (${why}).`);
  }
}

function keyOf(entry: unknown, path: string): readonly [string, KeyObject] {
  const { id, public_key: text } = Object(entry) as { readonly id?: unknown; readonly public_key?: unknown };
  const key = typeof text === 'string' ? ed25519(text) : undefined;
  if (typeof id !== 'string' || key === undefined) {
    const detail = `${path} holds no public keys: each must be { "id", "public_key" } with an Ed25519 key, as "claviger keys public" prints it.`;
    throw new BrokerError('invalid_request', detail);
  }
  return [id, key];
}

function ed25519(text: string): KeyObject | undefined {
  try {
    const key = text.includes('BEGIN')
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}
