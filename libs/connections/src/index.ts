export type { Adoption, AttemptRequest, FailedAttempt, OpenAttempt, Trigger, UnrecordedAttempt } from './attempt.js';
export { AttemptsRepository, LEASE_MS } from './attempts.repository.js';
export {
  CONNECTION_STATES,
  type Connection,
  type ConnectionState,
  type HeldToken,
  type Trouble,
} from './connection.js';
export { ConnectionFeed } from './connection.feed.js';
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
export { ConnectionService } from './admin/connection.service.js';
export type { ProviderChanges, ProviderInput, ProviderRecord } from './admin/provider-record.js';
export { ProviderService } from './admin/provider.service.js';
export { ConnectionsModule } from './connections.module.js';
