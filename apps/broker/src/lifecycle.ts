import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuditLog, Checkpoints, LogKeeper } from '@app/audit';
import { errorFacts, type Log } from '@app/common';
import { ConnectionsRepository, KeyOpening, KeyWatch, RestoreGuard, Spool } from '@app/connections';
import { ChangeFeed, Database } from '@app/database';
import { AttemptRecorder, Housekeeping, Refresher, Scheduler, SpoolReplay, Warming } from '@app/tokens';
import { Draining } from './health/draining.js';

/**
 * What a replica does beside answering: hear of changes, say in the log that it is there, renew ahead of expiry. Before anything is
 * sent it looks whether the database is the one it was, and stores what it had received when it last ended. It is done when the
 * first answers would not be late.
 */
export async function beginWork(app: NestFastifyApplication): Promise<void> {
  await app.get(KeyOpening).open();
  await app.get(ConnectionsRepository).requireReadable();
  await app.get(LogKeeper).start();
  await app.get(AuditLog).open();
  await app.get(Spool).open();
  await app.get(KeyWatch).start();
  await app.get(RestoreGuard).check();
  const changes = app.get(ChangeFeed);
  changes.onTick(() => app.get(RestoreGuard).onTick());
  await changes.start();
  // With the database's time known: the life of a token is reckoned with it.
  await app.get(SpoolReplay).run();
  await app.get(AuditLog).append({ action: 'replica.started', outcome: 'ok', actor: { type: 'system' } });
  app.get(Checkpoints).start();
  app.get(Scheduler).start();
  app.get(Housekeeping).start();
  await app.get(Warming).run();
}

/**
 * The end (security.md, "Stopping"): readiness says no, requests under way are finished, sent refreshes are stored, the log is
 * flushed and signed, and the pools close last.
 */
export async function endWork(app: NestFastifyApplication, log: Log): Promise<void> {
  const audit = app.get(AuditLog);
  const answered = app.get(Draining).begin();
  await app.get(Scheduler).stop();
  await answered;
  await app.close();
  await app.get(Refresher).drain();
  await app.get(Housekeeping).stop();
  await app.get(LogKeeper).stop();
  await app.get(AttemptRecorder).settle();
  await app.get(KeyWatch).stop();
  await audit
    .append({ action: 'replica.stopped', outcome: 'ok', actor: { type: 'system' } })
    .catch((error: unknown) => log.warn('The end of this replica is not in the audit log.', errorFacts(error)));
  await audit.close();
  await app.get(Checkpoints).stop();
  app.get(ChangeFeed).stop();
  await app.get(Database).close();
}
