export { atMost } from './at-most.js';
export { childEnvironment } from './child-environment.js';
export { Clock } from './clock.js';
export { errorFacts } from './error-facts.js';
export {
  BrokerError,
  type ErrorCode,
  type ErrorFacts,
  type FieldError,
  invalidRequest,
  isBrokerError,
} from './errors.js';
export { type ExpectedVersion, requireVersion } from './expected-version.js';
export { HotCounter } from './hot-counter.js';
export { newId, newTimedId, randomLetters } from './ids.js';
export { isoTime, LATEST_TIME_MS } from './iso-time.js';
export { KeptFlight } from './kept-flight.js';
export { createLog, Log, LOG_LEVELS, type LogFacts, type LogLevel } from './log.js';
export { type ConnectionName, NAME_MESSAGE, NAME_PATTERN } from './names.js';
export { isNetwork, Networks } from './networks.js';
export { oneLine } from './one-line.js';
export { keyOfCursor, type Page, type PageRequest, toPage } from './page.js';
export { inPackage } from './package-root.js';
export { whenOrphaned } from './when-orphaned.js';
export { revealAll, Secret, toSecrets } from './secret.js';
export {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsIP,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  NotContains,
  NotEquals,
  ValidateBy,
  ValidateIf,
  ValidateNested,
  validateSync,
  type ValidationError,
  type ValidationOptions,
  validatorPackage,
} from './validation.js';
