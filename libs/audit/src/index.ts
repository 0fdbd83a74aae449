export { AuditEvents } from './reading/audit.events.js';
export { AuditLog } from './audit.log.js';
export { AuditKeepingModule } from './audit-keeping.module.js';
export { AuditDeviceModule } from './device/audit-device.module.js';
export { AuditModule } from './audit.module.js';
export { Checkpoints } from './checkpoints/checkpoints.js';
export {
  AUDIT_ACTIONS,
  AUDIT_OUTCOMES,
  type AuditAction,
  type AuditActor,
  type AuditEvent,
  type AuditOrigin,
  type AuditOutcome,
} from './event.js';
export { LogKeeper } from './keeping/log.keeper.js';
export { LogRights } from './keeping/log.rights.js';
export { type Change, type ChangeEvent, RecordedChanges } from './recorded-changes.js';
export { Replica } from './replica.js';
export type { AuditQuery, RecordedEvent } from './reading/search.js';
export type { Receipt } from './writing/audit.store.js';
export { toEcs } from './mapping/ecs.js';
export type { ExportedLine } from './mapping/exported-line.js';
export { toOcsf } from './mapping/ocsf.js';
