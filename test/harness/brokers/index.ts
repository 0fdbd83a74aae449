export {
  askToken,
  configureProvider,
  connect,
  connectMany,
  type ConnectOptions,
  refreshNow,
  reportRejected,
} from './accounts.js';
export { type Brokers, type BrokersOptions, NO_SCHEDULER, SHORT_TIMING, startBrokers } from './brokers.js';
export { type AttemptRow, BrokersDatabase, type ConnectionRow, type LetGo } from './brokers-database.js';
export { type BrokerAnswer, Replica, type ReplicaOptions } from './replica.js';
export { until } from './until.js';
