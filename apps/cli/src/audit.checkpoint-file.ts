import type { HeldCheckpoints, PublicKeys, StoredCheckpoint } from '@app/audit';
import { readSigned } from '@app/audit';
import { BrokerError } from '@app/common';
import { linesOf } from './lines.js';

/** Checkpoints of a file, by number. */
export class CheckpointFile implements HeldCheckpoints {
  readonly #byNumber = new Map<number, StoredCheckpoint>();

  /** Reads a file. Lines that hold no checkpoint are passed over. @throws BrokerError where it cannot be read, or holds none. */
  static async read(path: string): Promise<CheckpointFile> {
    const file = new CheckpointFile();
    let number = 0;
    for await (const line of linesOf(path)) {
      number += 1;
      const stored = toCheckpoint(line);
      if (stored !== undefined) {
        file.#add(stored, `${path}, line ${number}`);
      }
    }
    if (file.#byNumber.size === 0) {
      const detail = `${path} holds no checkpoint: it must have lines of "claviger audit checkpoints", or of a broker's log.`;
      throw new BrokerError('invalid_request', detail);
    }
    return file;
  }

  get newest(): number {
    let newest = 0;
    for (const number of this.#byNumber.keys()) {
      newest = Math.max(newest, number);
    }
    return newest;
  }

  find(number: number): StoredCheckpoint | undefined {
    return this.#byNumber.get(number);
  }

  /** All of them, by number. */
  all(): readonly StoredCheckpoint[] {
    return [...this.#byNumber].toSorted(([one], [other]) => one - other).map(([, stored]) => stored);
  }

  /** What is compared with a database must be genuine itself. @throws BrokerError `invalid_request` where one is not. */
  requireSigned(keys: PublicKeys): void {
    for (const [number, stored] of this.#byNumber) {
      const checkpoint = readSigned(stored, number, keys);
      if ('kind' in checkpoint) {
        throw new BrokerError(
          'invalid_request',
          `The checkpoints held outside cannot be relied on: ${checkpoint.detail}`,
        );
      }
    }
  }

  #add(stored: StoredCheckpoint, where: string): void {
    const number = numberOf(stored.body);
    if (number === undefined) {
      throw new BrokerError('invalid_request', `${where}: the checkpoint has no number, so it is none.`);
    }
    const known = this.#byNumber.get(number);
    if (known !== undefined && (known.body !== stored.body || !known.signature.equals(stored.signature))) {
      const detail = `${where}: checkpoint ${number} stands there twice, and says different things. Keep the files of different logs apart.`;
      throw new BrokerError('invalid_request', detail);
    }
    this.#byNumber.set(number, stored);
  }
}

function toCheckpoint(line: string): StoredCheckpoint | undefined {
  if (!line.includes('"checkpoint"')) {
    return undefined;
  }
  const { checkpoint, signature } = Object(parse(line)) as {
    readonly checkpoint?: unknown;
    readonly signature?: unknown;
  };
  return typeof checkpoint === 'string' && typeof signature === 'string'
    ? { body: checkpoint, signature: Buffer.from(signature, 'base64') }
    : undefined;
}

function numberOf(body: string): number | undefined {
  const { number } = Object(parse(body)) as { readonly number?: unknown };
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
