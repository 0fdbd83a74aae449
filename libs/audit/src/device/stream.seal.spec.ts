import { EnvelopeError, Envelopes, generateKeyFile, Keyring } from '@app/crypto';
import { describe, expect, it } from '@jest/globals';
import type { AuditBatch } from '../writing/audit.store.js';
import { Stream } from '../writing/stream.js';
import { StreamSeals } from './stream.seal.js';
import { newRow } from './testing/new-row.js';

const REPLICA = '00000000-0000-4000-8000-000000000001';
const NOW = Date.UTC(2026, 10, 29, 9);

const newSeals = (): StreamSeals => new StreamSeals(new Envelopes(new Keyring(generateKeyFile())));

/** Two batches that follow each other. */
const twoBatches = (): readonly [AuditBatch, AuditBatch] => {
  const stream = new Stream('42', REPLICA, 'local');
  const first = stream.extend([newRow('a'), newRow('line\nbreak "quoted"')], NOW);
  stream.advance(first);
  return [first, stream.extend([newRow('c')], NOW + 5)];
};

const columnsOf = (batch: AuditBatch): object => ({
  ...batch,
  rows: batch.rows.map((row) => {
    const { action, outcome, caller, provider, connection, requestId, tokenFingerprint } = row;
    return { action, outcome, caller, provider, connection, requestId, tokenFingerprint };
  }),
});

describe(StreamSeals.name, () => {
  it('should give the batches back as they were, also after a restart', async () => {
    const seals = newSeals();
    const { seal, sealedKey } = await seals.create('42');
    const [first, second] = twoBatches();
    const sealed = [seal.seal(first), seal.seal(second)] as const;
    const again = await seals.open('42', sealedKey);
    const opened = again.open(sealed[0], undefined);
    expect(columnsOf(opened)).toEqual(columnsOf(first));
    expect(columnsOf(again.open(sealed[1], opened))).toEqual(columnsOf(second));
  });

  it('should show nothing of a row on the disk', async () => {
    const { seal } = await newSeals().create('42');
    expect(seal.seal(twoBatches()[0]).toString('latin1')).not.toMatch(/billing|klavi|token|issued|2026/);
  });

  it('should not open a batch of which a bit was changed, or that is cut short', async () => {
    const { seal } = await newSeals().create('42');
    const sealed = seal.seal(twoBatches()[0]);
    for (const place of [0, 12, 28, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
      expect(() => seal.open(changed, undefined)).toThrow('does not open');
    }
    for (const length of [0, 11, 20, sealed.length - 1]) {
      expect(() => seal.open(sealed.subarray(0, length), undefined)).toThrow('does not open');
    }
  });

  it('should not open a batch in the place of another', async () => {
    const { seal } = await newSeals().create('42');
    const [first, second] = twoBatches();
    expect(() => seal.open(seal.seal(second), undefined)).toThrow('does not open');
    expect(() => seal.open(seal.seal(first), first)).toThrow('does not open');
  });

  it('should not open the file of another stream, or one of a foreign key file', async () => {
    const seals = newSeals();
    const { sealedKey } = await seals.create('42');
    await expect(seals.open('43', sealedKey)).rejects.toThrow('does not open');
    await expect(newSeals().open('42', sealedKey)).rejects.toThrow(EnvelopeError);
  });
});
