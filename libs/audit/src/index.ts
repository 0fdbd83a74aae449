export { AuditEvents } from './reading/audit.events.js';
export { AuditLog } from './audit.log.js';
export { AuditKeepingModule } from './audit-keeping.module.js';
export { AuditDeviceModule } from './device/audit-device.module.js';
export { AuditModule } from './audit.module.js';
export { Checkpoints } from './checkpoints/checkpoints.js';
export { AuditReadingModule } from './audit-reading.module.js';
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
export { AuditExport, EXPORT_FORMATS, type ExportFormat } from './export/audit.export.js';
export { AuditLookup, type LookedUp } from './reading/audit.lookup.js';
export { AuditVerifier } from './verification/audit.verifier.js';
export { FAULT_ADVICE, type Fault, type FaultKind } from './verification/fault.js';
export { parseLine, toLine } from './export/exported-line.js';
export { type HeldCheckpoints, readSigned } from './verification/checkpoint-chain.js';
export type { LogRow, LogSource, StoredCheckpoint, TimeRange } from './verification/log-source.js';
export { PublicKeys, publicKeysOf } from './verification/public-keys.js';
export type { Verification, VerificationRequest } from './verification/verification.js';
export { VerificationRepository } from './verification/verification.repository.js';
export { verifyLog } from './verification/verify-log.js';
