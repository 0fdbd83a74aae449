import type { Clock, Log } from '@app/common';
import type { AuditStore } from '../writing/audit.store.js';
import type { RowWriter } from '../writing/row.writer.js';
import { StreamWriter } from '../writing/stream.writer.js';
import { DeviceHealth } from './device.health.js';
import type { DeviceStorage } from './device.storage.js';
import { Drain } from './drain.js';
import type { DrainStore } from './drain.store.js';
import { FallbackWriter } from './fallback.writer.js';
import { LocalDevice } from './local.device.js';
import { Outage } from './outage.js';

/** Where batches go, and how to see whether they could. */
export interface AuditTarget {
  readonly writer: RowWriter;
  readonly health: Pick<AuditStore, 'probe' | 'rehearse'>;
}

/** What every writer of the log needs. */
export interface TargetParts {
  readonly store: AuditStore;
  readonly drained: DrainStore;
  readonly replica: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The database, and behind it the local device where there is one. */
export function targetOf({ store, drained, replica, clock, log }: TargetParts, storage?: DeviceStorage): AuditTarget {
  const database = new StreamWriter(store, replica, clock);
  if (storage === undefined) {
    return { writer: database, health: store };
  }
  const { files, seals, outageMs } = storage;
  const device = new LocalDevice(files, seals, replica, clock);
  const outage = new Outage(store, device, new Drain(files, seals, drained, log), log);
  return {
    writer: new FallbackWriter(database, device, files, outage),
    health: new DeviceHealth(store, device, outage, outageMs),
  };
}
