export { describeType, type ProviderTypeDescription } from './describe.js';
export { configuredOf, type ConfiguredLevel, mergeLevels, mergeSettings } from './effective.js';
export { failed } from './failed.js';
export { type FieldSchema, fieldsOf, type ProviderField } from './fields.js';
export { type Host, isAmong } from './hosts.js';
export type {
  Failure,
  FailureKind,
  FailureReason,
  Grant,
  Granted,
  Introspected,
  IntrospectionOutcome,
  Outcome,
  OutcomeKind,
} from './outcome.js';
export { AddressGuard } from './outbound/address-guard.js';
export type { OutboundAnswer, OutboundRequest } from './outbound/exchange.js';
export { OutboundClient, type OutboundOptions, type SendOptions } from './outbound/outbound.client.js';
export type { Resolve } from './outbound/shared-lookups.js';
export type { EffectiveCredential, GrantStep, Introspection, Provider, Settings, Step } from './provider.js';
export { ProviderRegistry } from './provider.registry.js';
export { ProvidersModule } from './providers.module.js';
export { type AttemptOptions, type AttemptResult, RefreshExchange } from './refresh.exchange.js';
export type { ObjectSchema, PropertySchema } from './schema.js';
export {
  canRefresh,
  canRelogin,
  type Configured,
  type FieldNames,
  lapsesWithToken,
  nextStep,
  type StepFacts,
} from './steps.js';
export { type Traits, traitsOf } from './traits.js';
export { checkChanges, checkComplete, checkFields, type GroupNames, type LevelInput } from './validation.js';
