import { Checkpoints, LogKeeper } from '@app/audit';
import { generateKeyFile } from '@app/crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { auditEvents } from '../support/audit-log.js';
import { issued, startAuditReplica } from '../support/audit-replica.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { callerWith } from '../support/callers.js';
import { connect, pathOf } from '../support/connect.js';
import { type DatabaseRole, makeRole } from '../support/database-role.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';

const THREE_DAYS_MS = 259_200_000;
const unsigned = () => sql('select from audit_streams where head_seq > checkpoint_seq');

/** Rows of three days ago, by a writer that was killed. */
async function writeLongAgo(): Promise<void> {
  const now = Date.now() - THREE_DAYS_MS;
  await sql('select audit_make_partitions(current_date - 4, current_date)');
  const replica = await startAuditReplica({ keys: generateKeyFile(), now: () => now });
  await replica.log.appendAll([issued(), issued()]);
  await replica.stop();
}

describe('a broker whose database user does not own its tables', () => {
  let role: DatabaseRole;
  let sandbox: Sandbox;
  let broker: TestBroker;

  beforeAll(async () => {
    role = await makeRole();
    await writeLongAgo();
    sandbox = await startTestSandbox();
    broker = await startBroker({ environment: { DATABASE_URL: role.url, AUDIT_RETENTION_DAYS: '1' } });
  });

  afterAll(async () => {
    await sandbox?.close();
    await role?.drop();
  });

  it('should do all of its work, and be signed to its last row when it stops', async () => {
    await connect({ broker, sandbox }, 'klavi', 'acme');
    const { key } = await callerWith(broker, 'service', { rules: ['*/*'] });
    const { status } = await broker.as(key).get('/providers/klavi/token?connection=acme');
    const refreshed = await broker.as().post(`${pathOf('klavi', 'acme')}/refresh`);
    const paused = await broker.as().post(`${pathOf('klavi', 'acme')}/pause`);
    const removed = await broker.as().delete(pathOf('klavi', 'acme'));
    expect([status, refreshed.body, paused.status, removed.status]).toEqual([
      200,
      expect.objectContaining({ outcome: 'ok' }),
      200,
      204,
    ]);

    await eventually(() => expect(broker.app.get(Checkpoints).isSigning).toBe(true));
    await broker.app.get(LogKeeper).round();
    expect(await sql(`select from audit_events where at < now() - interval '2 days'`)).toEqual([]);
    const [retired] = await auditEvents(broker, 'action=audit.retired');
    expect(retired?.reason).toMatch(/^before=\d{4}-\d\d-\d\d rows=2$/);

    await broker.stop();
    expect(await unsigned()).toEqual([]);
    const levels = broker.lines.map((line) => (JSON.parse(line) as { level: string }).level);
    expect(levels.filter((level) => level === 'error' || level === 'warn')).toEqual([]);
  });
});
