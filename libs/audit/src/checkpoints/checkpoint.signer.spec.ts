import type { Log, LogFacts } from '@app/common';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  type Checkpoint,
  isSignedBy,
  parseCheckpoint,
  type SignedCheckpoint,
  type StreamHead,
} from '../chain/checkpoint.js';
import { CheckpointSigner } from './checkpoint.signer.js';
import { Checkpoints } from './checkpoints.js';
import type { CheckpointsRepository, Lease } from './checkpoints.repository.js';

const { privateKey } = generateKeyPairSync('ed25519');
const head = (seq: number): StreamHead => ({ id: '7', seq, hash: `${seq}`.padStart(64, '0') });

const runRounds = async (sut: Checkpoints, count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) {
    await sut.round();
  }
};

/** The tables, as far as a signer sees them. */
class HeldCheckpoints {
  holder: string | undefined;
  heads: readonly StreamHead[] = [];
  readonly kept: SignedCheckpoint[] = [];
  marked = 0;
  trouble: Error | undefined;
  /** Runs between the look and the insert. */
  meanwhile: () => void = () => {};

  takeLease(replica: string): Promise<Lease> {
    if (this.trouble !== undefined) {
      return Promise.reject(this.trouble);
    }
    this.holder ??= replica;
    const mine = this.holder === replica;
    return Promise.resolve({ mine, newest: this.kept.length, unsigned: !mine && this.heads.length > 0 });
  }

  freeLease(replica: string): Promise<void> {
    this.holder = this.holder === replica ? undefined : this.holder;
    return Promise.resolve();
  }

  look() {
    return Promise.resolve({ now: 0, newest: this.kept.at(-1), heads: this.heads });
  }

  insert({ number, streams }: Checkpoint, signed: SignedCheckpoint): Promise<boolean> {
    this.meanwhile();
    if (number <= this.kept.length) {
      return Promise.resolve(false);
    }
    this.kept.push(signed);
    this.marked = streams.length;
    this.heads = [];
    return Promise.resolve(true);
  }

  markSigned(_number: number, heads: readonly StreamHead[]): Promise<void> {
    this.marked = heads.length;
    this.heads = [];
    return Promise.resolve();
  }
}

describe('signing', () => {
  let tables: HeldCheckpoints;
  let lines: [string, LogFacts | undefined][];
  let log: Log;

  const signer = (replica: string): CheckpointSigner =>
    new CheckpointSigner(tables as unknown as CheckpointsRepository, { id: 's-1', privateKey }, replica, log);
  const numbersPrinted = (): number[] =>
    lines
      .filter(([message]) => message === 'Audit checkpoint.')
      .map(([, facts]) => parseCheckpoint(String(facts?.checkpoint)).number);

  beforeEach(() => {
    tables = new HeldCheckpoints();
    lines = [];
    const add = (message: string, facts?: LogFacts): void => void lines.push([message, facts]);
    log = { error: add, warn: add, info: add, debug: add };
  });

  describe(CheckpointSigner.name, () => {
    it('should print what it signed: the exact text and its signature', async () => {
      tables.heads = [head(1)];
      await expect(signer('a').round()).resolves.toBe('signed');
      const facts = lines[0]?.[1];
      const printed = { body: String(facts?.checkpoint), signature: Buffer.from(String(facts?.signature), 'base64') };
      expect(printed).toEqual(tables.kept[0]);
      expect(isSignedBy(printed, createPublicKey(privateKey))).toBe(true);
    });

    it('should sign nothing where nothing is new', async () => {
      await expect(signer('a').round()).resolves.toBe('nothing_new');
      expect([tables.kept, lines]).toEqual([[], []]);
    });

    it('should leave it to the replica that holds the lease', async () => {
      tables.holder = 'b';
      await expect(signer('a').round()).resolves.toBe('elsewhere');
      tables.heads = [head(1)];
      await expect(signer('a').round()).resolves.toBe('unsigned');
      expect([tables.kept, lines]).toEqual([[], []]);
    });

    it('should take it for signed elsewhere where there is a newer checkpoint each time, though more waits', async () => {
      const sut = signer('a');
      tables.holder = 'b';
      const rounds = [];
      for (const seq of [1, 2, 2, 2]) {
        tables.heads = [head(seq)];
        await signer('b').round();
        tables.heads = [head(seq + 1)];
        rounds.push(await sut.round());
      }
      tables.kept.pop();
      rounds.push(await sut.round(), await sut.round());
      expect(rounds).toEqual(['unsigned', 'elsewhere', 'unsigned', 'unsigned', 'unsigned', 'unsigned']);
    });

    it('should print again what a killed replica may have signed without printing it', async () => {
      tables.heads = [head(1)];
      await signer('killed').round();
      tables.holder = undefined;
      const sut = signer('a');
      await sut.round();
      await sut.round();
      expect(numbersPrinted()).toEqual([1, 1]);
    });

    it('should write nothing under a number that another one signed meanwhile', async () => {
      tables.heads = [head(1)];
      const sut = signer('zombie');
      tables.meanwhile = () => void tables.kept.push({ body: '{"number":1}', signature: Buffer.of(1) });
      await expect(sut.round()).resolves.toBe('lost');
      expect([tables.kept.length, lines]).toEqual([1, []]);
    });

    it('should mark heads that are signed and could not be marked at once', async () => {
      tables.heads = [head(1)];
      const sut = signer('a');
      await sut.round();
      tables.heads = [head(1)];
      tables.marked = 0;
      await expect(sut.round()).resolves.toBe('nothing_new');
      expect([tables.marked, tables.kept.length]).toEqual([1, 1]);
    });

    it('should say so when its newest checkpoint is gone', async () => {
      const sut = signer('a');
      for (const seq of [1, 2]) {
        tables.heads = [head(seq)];
        await sut.round();
      }
      tables.kept.pop();
      await sut.round();
      await sut.round();
      expect(lines.filter(([message]) => message.includes('removed or replaced'))).toHaveLength(1);
    });
  });

  describe(Checkpoints.name, () => {
    it('should sign at once, and for the last time when it stops; then another one may', async () => {
      tables.heads = [head(1)];
      const sut = new Checkpoints(signer('a'), log);
      sut.start();
      await sut.stop();
      tables.heads = [head(2)];
      const other = new Checkpoints(signer('b'), log);
      other.start();
      tables.heads = [head(3)];
      await other.stop();
      expect(numbersPrinted().at(-1)).toBe(tables.kept.length);
      expect(parseCheckpoint(tables.kept.at(-1)?.body ?? '').streams).toEqual([head(3)]);
      expect(tables.holder).toBeUndefined();
    });

    it('should say once that it cannot sign, and once that it can again', async () => {
      tables.trouble = new Error('down');
      const sut = new Checkpoints(signer('a'), log);
      await sut.round();
      await sut.round();
      expect(sut.isSigning).toBe(false);
      tables.trouble = undefined;
      await sut.round();
      await sut.round();
      expect(sut.isSigning).toBe(true);
      expect(lines.map(([message]) => message)).toEqual([
        expect.stringContaining('is not signed'),
        'The audit log is signed again.',
      ]);
    });

    it('should say once that nobody signs what is new, and once that somebody does', async () => {
      tables.holder = 'stranger';
      tables.heads = [head(1)];
      const sut = new Checkpoints(signer('a'), log);
      await runRounds(sut, 9);
      expect(lines).toEqual([]);
      await runRounds(sut, 20);
      tables.holder = undefined;
      await runRounds(sut, 2);
      expect(lines.map(([message]) => message)).toEqual([
        expect.stringContaining('who holds the right to sign it signs nothing'),
        'Audit checkpoint.',
        'The audit log is signed again.',
      ]);
    });

    it('should say each trouble once where it cannot even ask now and then, and not that one is over before both are', async () => {
      tables.holder = 'stranger';
      tables.heads = [head(1)];
      const sut = new Checkpoints(signer('a'), log);
      for (let turn = 0; turn < 20; turn += 1) {
        tables.trouble = new Error('down');
        await sut.round();
        tables.trouble = undefined;
        await sut.round();
      }
      tables.heads = [];
      await sut.round();
      expect(lines.map(([message]) => message)).toEqual([
        expect.stringContaining('checkpoints cannot be written'),
        expect.stringContaining('who holds the right to sign it signs nothing'),
        'The audit log is signed again.',
      ]);
    });

    it('should sign a retirement where it signs, and nowhere else', async () => {
      const retired = { before: '2026-11-20', streams: [], checkpoint: null };
      const sut = new Checkpoints(signer('a'), log);
      await expect(sut.retire(retired)).resolves.toBe(true);
      await expect(new Checkpoints(signer('b'), log).retire(retired)).resolves.toBe(false);
      expect(tables.kept.map(({ body }) => parseCheckpoint(body).retired)).toEqual([retired]);
    });

    it('should do nothing at the end of a replica that never began', async () => {
      await new Checkpoints(signer('a'), log).stop();
      expect(tables.holder).toBeUndefined();
    });
  });
});
