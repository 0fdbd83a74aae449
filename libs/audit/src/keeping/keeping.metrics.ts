import { Gauge } from 'prom-client';

/** Whether a fault in the log keeps it from being retired. */
export const retentionBlocked = new Gauge({
  name: 'claviger_audit_retention_blocked',
  help: '1 while days of the audit log that are due are kept because they do not verify, as the replica that signs sees it.',
});
