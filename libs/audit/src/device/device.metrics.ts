import { Counter, Gauge } from 'prom-client';

const deviceRows = new Gauge({
  name: 'claviger_audit_device_rows',
  help: 'Audit rows that this process wrote to its local device and that are not drained into the database yet.',
});

/** Whether audit rows go to the local device now. */
export const deviceInUse = new Gauge({
  name: 'claviger_audit_device_in_use',
  help: '1 while audit rows are written to the local device, because the database does not take them.',
});

/** Rows that went from the local device into the database. */
export const drainedRows = new Counter({
  name: 'claviger_audit_device_drained_total',
  help: 'Audit rows that went from the local device into the database.',
});

const waiting = new Map<string, number>();

/** Rows of a local stream that wait from now on. */
export function noteWritten(stream: string, rows: number): void {
  waiting.set(stream, (waiting.get(stream) ?? 0) + rows);
  deviceRows.inc(rows);
}

/** All rows of a local stream are drained. */
export function noteDrained(stream: string): void {
  deviceRows.dec(waiting.get(stream) ?? 0);
  waiting.delete(stream);
}
