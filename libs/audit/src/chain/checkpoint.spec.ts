import { describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  type Checkpoint,
  hashOfCheckpoint,
  isSignedBy,
  NO_CHECKPOINT,
  parseCheckpoint,
  signCheckpoint,
} from './checkpoint.js';

const newCheckpoint = (overrides: Partial<Checkpoint> = {}): Checkpoint => ({
  version: 1,
  number: 1,
  at: '2026-11-29T00:00:00.000Z',
  previous: NO_CHECKPOINT,
  key: 's-1',
  streams: [{ id: '7', seq: 3, hash: 'ab'.repeat(32) }],
  ...overrides,
});

describe(signCheckpoint.name, () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = createPublicKey(privateKey);
  const signed = signCheckpoint(newCheckpoint(), privateKey);

  it('should be read as it was written', () => {
    expect(parseCheckpoint(signed.body)).toEqual(newCheckpoint());
  });

  it('should be known as signed by its key and no other', () => {
    const other = generateKeyPairSync('ed25519').publicKey;
    expect([isSignedBy(signed, publicKey), isSignedBy(signed, other)]).toEqual([true, false]);
  });

  it('should not be known as signed when any byte of it is another', () => {
    const forged = { ...signed, body: signed.body.replace('"seq":3', '"seq":2') };
    const flipped = {
      ...signed,
      signature: Buffer.from(signed.signature.map((byte, at) => (at === 0 ? byte ^ 1 : byte))),
    };
    expect([isSignedBy(forged, publicKey), isSignedBy(flipped, publicKey)]).toEqual([false, false]);
  });

  it('should have another hash for another text or signature', () => {
    const second = signCheckpoint(newCheckpoint({ number: 2 }), privateKey);
    const hashes = [signed, second, { ...signed, signature: second.signature }].map(hashOfCheckpoint);
    expect(new Set(hashes).size).toBe(3);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});
