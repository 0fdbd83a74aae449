export type {
  ClientOptions,
  Endpoint,
  Fault,
  FaultKind,
  GrantRecord,
  HeldRequest,
  IssuedGrant,
  IssueOptions,
  RecordFilter,
  Release,
  RequestRecord,
  ReuseEvent,
  UpstreamKind,
  UpstreamOutcome,
} from './contract.js';
export { connectUpstream, type Upstream } from './upstream.client.js';
export { startUpstream } from './start-upstream.js';
