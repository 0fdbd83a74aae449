import { Counter, Gauge } from 'prom-client';

let assuredAt = performance.now();

/** This replica knows the log to be signed: it looked itself, or saw what another one signed, or that nothing waits for it. */
export const noteAssured = (): void => {
  assuredAt = performance.now();
};

/** Checkpoints that this replica signed. */
export const checkpointsSigned = new Counter({
  name: 'claviger_audit_checkpoints_total',
  help: 'Checkpoints of the audit log that this replica signed.',
});

/** Grows while nobody signs; about a second otherwise, also where there is nothing new to sign. */
export const checkpointAge = new Gauge({
  name: 'claviger_audit_checkpoint_age_seconds',
  help: 'Seconds since this replica last signed what was new in the audit log, or saw that another replica does.',
  collect() {
    this.set((performance.now() - assuredAt) / 1000);
  },
});
