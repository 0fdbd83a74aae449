import { createPrivateKey } from 'node:crypto';
import { Ajv } from 'ajv';
import type { Credential } from '../credentials/credential.js';
import type { SavedKeys } from '../credentials/signing-keys.js';

/** All that a sandbox needs to go on where an earlier run ended. */
export interface Snapshot {
  readonly version: 1;
  readonly keys: SavedKeys;
  /** The secrets shared by a provider's credentials, by provider. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly credentials: readonly Credential[];
}

const text = { type: 'string' } as const;
const texts = { type: 'object', additionalProperties: text } as const;

const token = {
  type: 'object',
  required: ['kind', 'value', 'expiresAt', 'revoked'],
  properties: {
    kind: text,
    value: text,
    expiresAt: { type: ['number', 'null'] },
    revoked: { type: 'boolean' },
    usedUntil: { type: 'number' },
  },
};

const credential = {
  type: 'object',
  required: ['id', 'provider', 'issuedAt', 'fields', 'behaviour', 'tokens', 'keysRevoked'],
  properties: {
    id: text,
    provider: text,
    issuedAt: text,
    fields: texts,
    behaviour: { type: 'object' },
    tokens: { type: 'array', items: token },
    keysRevoked: { type: 'boolean' },
  },
};

const isSnapshot = new Ajv({ allowUnionTypes: true }).compile<Snapshot>({
  type: 'object',
  required: ['version', 'keys', 'secrets', 'credentials'],
  properties: {
    version: { const: 1 },
    keys: {
      type: 'object',
      required: ['hs256', 'es256', 'rsa'],
      properties: { hs256: text, es256: text, rsa: { type: ['string', 'null'] } },
    },
    secrets: { type: 'object', additionalProperties: texts },
    credentials: { type: 'array', items: credential },
  },
});

/** @throws Error where the value is no snapshot, or its signing key none */
export function toSnapshot(value: unknown): Snapshot {
  if (!isSnapshot(value)) {
    throw new Error('This is no state of a sandbox.');
  }
  createPrivateKey(value.keys.es256);
  return value;
}
