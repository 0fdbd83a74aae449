import { generateKeyPairSync, randomUUID } from 'node:crypto';
import {
  type AuditEvent,
  type LogSource,
  VerificationRepository,
  type PublicKeys,
  type Verification,
  type VerificationRequest,
  verifyLog,
} from '@app/audit';
import { Database } from '@app/database';
import {
  type Checkpoint,
  hashOfCheckpoint,
  NO_CHECKPOINT,
  type Retirement,
  signCheckpoint,
  type SignedCheckpoint,
  type StreamHead,
} from '../../libs/audit/src/chain/checkpoint.js';
import { AuditHealth } from '../../libs/audit/src/writing/audit.health.js';
import { AuditRepository } from '../../libs/audit/src/writing/audit.repository.js';
import { AuditWriter } from '../../libs/audit/src/writing/audit.writer.js';
import { StreamWriter } from '../../libs/audit/src/writing/stream.writer.js';
import { libraryConfig, silentLog } from './library.js';

const DAY_MS = 86_400_000;

/** The key that signs in these tests. */
export const SIGNER = { id: 's-test', ...generateKeyPairSync('ed25519') };
export const KEYS: PublicKeys = new Map([[SIGNER.id, SIGNER.publicKey]]);

export const newEvent = (overrides: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'k1' },
  provider: 'klavi',
  connection: 'acme',
  requestId: 'r1',
  tokenFingerprint: 'ab'.repeat(16),
  ...overrides,
});

/** A log in the test file's own database: written by the real writer at times of the test's choice, signed, attacked, mended. */
export class SignedLog {
  readonly database = new Database(libraryConfig);
  readonly source = new VerificationRepository(this.database);
  readonly checkpoints: SignedCheckpoint[] = [];
  now = Date.parse('2026-11-20T10:00:00Z');
  #last = { number: 0, hash: NO_CHECKPOINT };

  /**
   * Stream 1 (rows 1 to 20) over three days, 2 (1 to 9) over the first two, then closed; 3 (1 to 4) on the second day only; 4 closed
   * without a row. Every batch but the last of stream 1 (19, 20) is signed. Keeps a copy.
   */
  async fill(): Promise<void> {
    await this.run(
      `SELECT audit_make_partitions('2026-11-19', '2026-11-24'); TRUNCATE audit_events, audit_streams RESTART IDENTITY`,
    );
    const [one, two, three] = [this.writer(), this.writer(), this.writer()];
    const round = async (...writes: readonly Promise<void>[]): Promise<void> => {
      await Promise.all(writes);
      this.now += 700;
      await this.sign();
      this.now += 60_000;
    };
    await round(one.write(3));
    await round(one.write(3), two.write(3));
    this.now += DAY_MS;
    await round(one.write(3), two.write(3));
    await round(three.write(2));
    await round(one.write(3), two.write(3), three.write(2));
    await two.close();
    await this.run(`INSERT INTO audit_streams (replica, closed_at) VALUES (gen_random_uuid(), now())`);
    this.now += DAY_MS;
    await round(one.write(3));
    await round(one.write(3));
    await one.write(2);
    await this.keep();
  }

  /** A writer whose rows are a stream; `write` appends so many rows in one batch. */
  writer(): { readonly write: (count: number) => Promise<void>; readonly close: () => Promise<void> } {
    const store = new AuditRepository(this.database.auditPool);
    const rows = new StreamWriter(store, randomUUID(), { now: () => this.now });
    const writer = new AuditWriter(rows, new AuditHealth(store, silentLog), { observe: () => undefined });
    let written = 0;
    return {
      write: async (count) => {
        const events = Array.from({ length: count }, () =>
          newEvent({ requestId: `r${(written += 1)}`, reason: `"at":"${written}` }),
        );
        await writer.append(events);
      },
      close: () => writer.close(),
    };
  }

  sql<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.database.query<Row>({ text, values });
  }

  /** Several statements at once. */
  async run(text: string): Promise<void> {
    await this.database.requestPool.query(text);
  }

  /** Signs the heads that moved, as of `now`. */
  async sign(retired?: Retirement, key = SIGNER): Promise<SignedCheckpoint> {
    const moved = await this.sql<StreamHead & { seq: string }>(
      `UPDATE audit_streams SET checkpoint_seq = head_seq WHERE head_seq > checkpoint_seq
       RETURNING id::text, head_seq AS seq, encode(head_hash, 'hex') AS hash`,
    );
    const checkpoint: Checkpoint = {
      version: 1,
      number: this.#last.number + 1,
      at: new Date(this.now).toISOString(),
      previous: this.#last.hash,
      key: key.id,
      streams: moved.map(({ id, seq, hash }) => ({ id, seq: Number(seq), hash })),
      ...(retired === undefined ? {} : { retired }),
    };
    const signed = signCheckpoint(checkpoint, key.privateKey);
    await this.insert(signed);
    this.#last = { number: checkpoint.number, hash: hashOfCheckpoint(signed) };
    this.checkpoints.push(signed);
    return signed;
  }

  /** Puts a checkpoint into the table, whoever signed it. */
  async insert({ body, signature }: SignedCheckpoint): Promise<void> {
    const { number, at, key, retired } = JSON.parse(body) as Checkpoint;
    await this.sql(
      `INSERT INTO audit_checkpoints (number, at, key_id, body, signature, retired_before) VALUES ($1, $2, $3, $4, $5, $6::date)
       ON CONFLICT (number) DO UPDATE SET at = excluded.at, key_id = excluded.key_id, body = excluded.body,
         signature = excluded.signature, retired_before = excluded.retired_before`,
      [number, at, key, body, signature, retired?.before ?? null],
    );
  }

  verify({
    source = this.source,
    ...request
  }: Partial<VerificationRequest & { source: LogSource }> = {}): Promise<Verification> {
    return verifyLog(source, { keys: KEYS, ...request });
  }

  /** Keeps a copy of everything, to which `mend` goes back. */
  keep(): Promise<void> {
    return this
      .run(`CREATE TABLE kept_events AS SELECT * FROM audit_events; CREATE TABLE kept_streams AS SELECT * FROM audit_streams;
      CREATE TABLE kept_checkpoints AS SELECT * FROM audit_checkpoints`);
  }

  mend(): Promise<void> {
    return this.run(`SELECT audit_make_partitions('2026-11-19', '2026-11-24');
      DELETE FROM audit_events; DELETE FROM audit_streams; DELETE FROM audit_checkpoints; INSERT INTO audit_events SELECT * FROM kept_events;
      INSERT INTO audit_streams SELECT * FROM kept_streams; INSERT INTO audit_checkpoints SELECT * FROM kept_checkpoints`);
  }

  close(): Promise<void> {
    return this.database.close();
  }
}
