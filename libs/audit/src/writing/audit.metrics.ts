import { Counter, Histogram } from 'prom-client';

/** Seconds from handing an event in to its commit; the events of one call count once. */
export const appendSeconds = new Histogram({
  name: 'claviger_audit_append_seconds',
  help: 'Seconds from handing an audit event in to its commit.',
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2],
});

/** Events in one committed batch. */
export const batchSize = new Histogram({
  name: 'claviger_audit_batch_size',
  help: 'Audit events committed together.',
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
});

/** Events that were refused: each is an answer that did not leave, or a request that was not sent. */
export const failures = new Counter({
  name: 'claviger_audit_failures_total',
  help: 'Audit events refused because the log could not be written in time.',
});
