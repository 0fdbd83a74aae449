// Days of the audit log whose time is over, written and chained as a replica would have done it then, so that they verify.
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { AuditRepository } from '../../dist/libs/audit/src/writing/audit.repository.js';
import { toRow } from '../../dist/libs/audit/src/writing/row.js';
import { Stream } from '../../dist/libs/audit/src/writing/stream.js';

const DAY_MS = 86_400_000;
const BATCH = 500;

const newEvent = (requestId, at) => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'k7f3q0x9m2ab' },
  provider: 'a',
  connection: 'c-1',
  generation: 41,
  requestId,
  clientIp: '10.0.0.7',
  reason: 'cache',
  tokenFingerprint: 'ab'.repeat(16),
  tokenExpiresAt: at + 1_800_000,
});

/** The day (UTC) so many days ago, as `2026-11-20`. */
export const dayOf = (daysAgo) => new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);

/** Fills the days from `first` days ago to `last` days ago with so many rows each, of one stream each, and closes the streams. */
export async function fillOldDays(url, { first, last, rowsPerDay }) {
  const pool = new Pool({ connectionString: url, max: 2, options: '-c synchronous_commit=off' });
  try {
    await pool.query('select audit_make_partitions($1::date, $2::date)', [dayOf(first), dayOf(0)]);
    const store = new AuditRepository(pool);
    const days = Array.from({ length: first - last + 1 }, (_, index) =>
      Date.parse(`${dayOf(first - index)}T12:00:00Z`),
    );
    for (const [index, noon] of days.entries()) {
      await fillDay(store, noon, rowsPerDay, index);
    }
    await pool.query('update audit_streams set closed_at = head_at where head_at < $1', [
      new Date(`${dayOf(last)}T23:00:00Z`),
    ]);
    await pool.query('vacuum analyze audit_events');
  } finally {
    await pool.end();
  }
}

async function fillDay(store, noon, rows, index) {
  const stream = new Stream(await store.openStream(), randomUUID());
  for (let written = 0; written < rows; written += BATCH) {
    const at = noon + written;
    const events = Array.from({ length: Math.min(BATCH, rows - written) }, (_, place) =>
      toRow(newEvent(`${index}-${written + place}`, at)),
    );
    const batch = stream.extend(events, at);
    await store.insert(batch);
    stream.advance(batch);
  }
}
