import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Pool } from 'pg';
import { AuditHealth } from '../../../libs/audit/src/writing/audit.health.js';
import { AuditRepository } from '../../../libs/audit/src/writing/audit.repository.js';
import { AuditWriter } from '../../../libs/audit/src/writing/audit.writer.js';
import { StreamWriter } from '../../../libs/audit/src/writing/stream.writer.js';

/**
 * One writer of the audit log in a process of its own, with many who record, until it is killed. Every event that was acknowledged
 * is told on standard output before anything else happens, one request id a line: what is written there outlives the process.
 */
const CALLERS = 64;
const STDOUT = 1;

const [, , name = 'appender'] = process.argv;
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 2, pipeline: true });
pool.on('error', () => undefined);
const ignore = (): void => undefined;
const store = new AuditRepository(pool);
const health = new AuditHealth(store, { error: ignore, warn: ignore, info: ignore, debug: ignore });
const writer = new AuditWriter(new StreamWriter(store, randomUUID(), Date), health, { observe: ignore });

let made = 0;

/** Writes the whole line before it returns: a reader that is slower than this only makes it wait. */
function tell(line: string): void {
  for (;;) {
    try {
      writeSync(STDOUT, line);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
        throw error;
      }
    }
  }
}

async function recordForEver(): Promise<never> {
  for (;;) {
    made += 1;
    const requestId = `${name}-${made}`;
    const actor = { type: 'caller', caller: 'billing', keyId: 'k1' } as const;
    await writer.append([{ action: 'token.issued', outcome: 'ok', actor, requestId }]);
    tell(`${requestId}\n`);
  }
}

await Promise.all(Array.from({ length: CALLERS }, recordForEver));
