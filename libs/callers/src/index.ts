export { API_KEY_ID_PATTERN, type ApiKey, type NewApiKey, newApiKey, parseApiKey } from './api-key.js';
export { ApiKeyService, type IssuedKey } from './api-key.service.js';
export { AuthenticationError, type AuthenticationFailure } from './authentication.error.js';
export { Authenticator } from './authenticator.js';
export { type Caller, covers, heldRules, type Role, ROLES, requireRole } from './caller.js';
export { type ApiKeyRecord, type CallerFields, type CallerRecord, NO_FIELDS } from './caller-record.js';
export { CallerService } from './caller.service.js';
export { CallersModule } from './callers.module.js';
export type { Explanation, RuleVerdict } from './explanation.js';
export { type FailedAuthentication, FailedAuthentications } from './failed-authentications.js';
export { type Identity, ISSUER_PATTERN, MTLS, SUBJECT_PATTERN } from './identity/identity.js';
export {
  type Circumstances,
  compileRule,
  type LimitedRule,
  type Rule,
  RULE_MESSAGE,
  RULE_PATTERN,
  type RuleFields,
} from './rule.js';
