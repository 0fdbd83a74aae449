import { type AuditEvent, AuditLog, AuditModule } from '@app/audit';
import { Secret } from '@app/common';
import { ConfigModule } from '@app/config';
import { Database, DatabaseModule } from '@app/database';
import { Test } from '@nestjs/testing';
import { libraryConfig, SilentLogModule } from './library.js';
import { sql } from './test-database.js';

/** An event as a token's release records it. */
export const newEvent = (overrides: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'k1' },
  provider: 'klavi',
  connection: 'acme',
  ...overrides,
});

/** The log of one replica, and what it told those who recorded: every event is named by its request id. */
export class RecordingReplica {
  /** Request ids of events whose recording was acknowledged: what they record may have happened. */
  readonly kept: string[] = [];
  /** Those that were refused, and with which code. */
  readonly refused: { readonly id: string; readonly code: unknown }[] = [];
  #made = 0;

  private constructor(
    readonly log: AuditLog,
    private readonly database: Database,
  ) {}

  /** Opens the log of the test file's database, or of another. */
  static async open(databaseUrl = process.env['DATABASE_URL'] ?? ''): Promise<RecordingReplica> {
    const config = { ...libraryConfig, databaseUrl: new Secret(databaseUrl) };
    const module = await Test.createTestingModule({
      imports: [ConfigModule.with(config), SilentLogModule, DatabaseModule, AuditModule],
    }).compile();
    return new RecordingReplica(module.get(AuditLog), module.get(Database));
  }

  /** Hands in so many events at once and waits until each is kept or refused; true where all were kept. */
  async record(count = 1, overrides: Partial<AuditEvent> = {}): Promise<boolean> {
    const results = await Promise.all(Array.from({ length: count }, () => this.#recordOne(overrides)));
    return results.every(Boolean);
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.database.close();
  }

  async #recordOne(overrides: Partial<AuditEvent>): Promise<boolean> {
    this.#made += 1;
    const id = `event-${this.#made}`;
    try {
      await this.log.append(newEvent({ ...overrides, requestId: id }));
      this.kept.push(id);
      return true;
    } catch (error) {
      this.refused.push({ id, code: (error as { code?: unknown }).code });
      return false;
    }
  }
}

/** Request ids of all rows of the test file's log, in no order; one that stands twice is there twice. */
export const recordedIds = async (): Promise<readonly string[]> =>
  (await sql<{ id: string }>('SELECT request_id AS id FROM audit_events')).map(({ id }) => id);
