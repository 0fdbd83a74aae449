export { AdoptionsRepository, type KeptAttempt } from './adoptions.repository.js';
export type {
  Adopted,
  Adoption,
  AttemptRequest,
  FailedAttempt,
  OpenAttempt,
  Trigger,
  UnrecordedAttempt,
} from './attempt.js';
export { AttemptRecordsRepository } from './attempt-records.repository.js';
export { AttemptsRepository } from './attempts.repository.js';
export {
  CONNECTION_STATES,
  type Connection,
  type ConnectionState,
  type HeldToken,
  type SealedConnection,
  type TokenTimes,
  type Trouble,
  type Unsettled,
} from './connection.js';
export { ConnectionFeed } from './connection.feed.js';
export type { Touched } from '@app/database';
export {
  type CensusLine,
  type ChangedConnection,
  ConnectionsRepository,
  type CoveredConnection,
  type DueConnection,
} from './connections.repository.js';
export type {
  BroughtToken,
  ConnectionChanges,
  ConnectionFilter,
  ConnectionInput,
  ConnectionRecord,
} from './admin/connection-record.js';
export { noSuchConnection } from './admin/connection-record.js';
export { ConnectionService } from './admin/connection.service.js';
export type { ProviderChanges, ProviderInput, ProviderRecord } from './admin/provider-record.js';
export { ProviderService } from './admin/provider.service.js';
export { ConnectionsModule } from './connections.module.js';
export { HOST_UNCONFIRMED, shownState } from './shown-state.js';
export type { KeysStatus, KeyStanding, LiveReplica, Rotation, WantedKey } from './keys/key-record.js';
export { KeyOpening } from './keys/key-opening.js';
export { KeyRotationService } from './keys/key-rotation.service.js';
export { KeysRepository } from './keys/keys.repository.js';
export { KeyStandings } from './keys/key.standings.js';
export { KeyWatch } from './keys/key.watch.js';
export { RECONCILE_RESULTS, type ReconcileLine, Reconciler, type ReconcileResult } from './restore/reconciler.js';
export { ReconcileChanges } from './restore/reconcile.changes.js';
export { ReconcileReader } from './restore/reconcile.reader.js';
export { AuditKnowledge, type ExportedEvent, JoinedKnowledge } from './restore/audit-knowledge.js';
export type { Candidate, KnowledgeSource } from './restore/knowledge.js';
export { SpoolKnowledge } from './restore/spool-knowledge.js';
export { ReconcileRepository } from './restore/reconcile.repository.js';
export { RestoreGuard } from './restore/restore.guard.js';
export { RestoreRepository } from './restore/restore.repository.js';
export { KnownEpochs, type SeenEpoch } from './spool/epoch-file.js';
export type { DatabaseIdentity, SpooledAnswer, SpooledAttempt, SpoolEntry } from './spool/spool-entry.js';
export { type Consumed, isNewer, isOfEarlierCredential } from './spool/spool.index.js';
export { SpoolRepository, type Standing } from './spool/spool.repository.js';
export { Spool } from './spool/spool.js';
