import { decrypt, encrypt, EnvelopeError, type Envelopes, type Place } from '@app/crypto';
import { randomBytes } from 'node:crypto';
import { genesis, HASH_BYTES, hashesAfter } from '../chain/chain.js';
import { parseBody } from '../reading/parse-body.js';
import type { AuditBatch, RowColumns } from '../writing/audit.store.js';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const REFUSED =
  'A batch of the local audit device does not open: it was changed, or stands in another place than it was written to.';

/** What a frame says beside the bodies of its rows: everything else follows from them. */
interface Head {
  readonly replica: string;
  readonly at: number;
}

function columnsOf(body: string): RowColumns {
  const event = parseBody(body);
  return { ...event, caller: event.actor.caller };
}

/** Seals the batches of one local stream to their places in it: AES-256-GCM with a key of this stream alone. */
export class StreamSeal {
  constructor(
    private readonly stream: string,
    private readonly key: Uint8Array,
  ) {}

  seal({ replica, at, previous, bodies }: AuditBatch): Buffer {
    const head: Head = { replica, at };
    // JSON in one line holds no line break.
    const text = [JSON.stringify(head), ...bodies].join('\n');
    const iv = randomBytes(IV_BYTES);
    const { tag, ciphertext } = encrypt(this.key, iv, Buffer.from(text), this.#placeAfter(previous.seq));
    return Buffer.concat([iv, tag, ciphertext]);
  }

  /** The batch that follows `before`, the first where that is undefined. @throws EnvelopeError where it is another one. */
  open(sealed: Buffer, before: AuditBatch | undefined): AuditBatch {
    const { stream } = this;
    const [head = '', ...bodies] = this.#decrypt(sealed, before?.last.seq ?? 0).split('\n');
    const { replica, at } = JSON.parse(head) as Head;
    const previous = before?.last ?? genesis(stream, replica);
    const rows = bodies.map(columnsOf);
    const hashes = hashesAfter(previous, bodies);
    const last = { seq: previous.seq + rows.length, hash: hashes.subarray(-HASH_BYTES) };
    return { stream, replica, device: 'local', at, previous, last, rows, bodies, hashes };
  }

  #decrypt(sealed: Buffer, seq: number): string {
    if (sealed.length < IV_BYTES + TAG_BYTES) {
      throw new EnvelopeError(REFUSED);
    }
    const iv = sealed.subarray(0, IV_BYTES);
    const tag = sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
    const ciphertext = sealed.subarray(IV_BYTES + TAG_BYTES);
    return decrypt(this.key, iv, { tag, ciphertext }, this.#placeAfter(seq), REFUSED).toString();
  }

  #placeAfter = (seq: number): Buffer => Buffer.from(`claviger audit device v1\n${this.stream}\n${seq}`);
}

/** A stream's seal, and its key as it stands in the file. */
export interface NewSeal {
  readonly seal: StreamSeal;
  readonly sealedKey: Buffer;
}

/** Makes a key for each stream while all is well, so that nobody needs to be asked for one when it is not. */
export class StreamSeals {
  constructor(private readonly envelopes: Pick<Envelopes, 'seal' | 'open'>) {}

  async create(stream: string): Promise<NewSeal> {
    const key = randomBytes(KEY_BYTES);
    return { seal: new StreamSeal(stream, key), sealedKey: await this.envelopes.seal(key, placeOf(stream)) };
  }

  /** @throws EnvelopeError where the key is not that of this stream, or the key file does not hold what it was sealed with. */
  async open(stream: string, sealedKey: Uint8Array): Promise<StreamSeal> {
    return new StreamSeal(stream, await this.envelopes.open(sealedKey, placeOf(stream)));
  }
}

const placeOf = (row: string): Place => ({ table: 'audit_device', row, column: 'key', generation: 0 });
