import { fieldsOf } from './fields.js';
import type { GrantStep, Provider, Settings } from './provider.js';
import { traitsOf } from './traits.js';

/** Names of the fields that are set, at either level: enough to plan with, so that planning opens no secret. */
export type FieldNames = ReadonlySet<string>;

/** What is configured of a connection and its provider together, without a secret. */
export interface Configured {
  readonly fields: FieldNames;
  readonly settings: Settings;
}

/** What is known of a connection beside its credential when its next attempt is planned. */
export interface StepFacts {
  /** Whether the newest access token still lives; null where there is none. */
  readonly tokenLives: boolean | null;
  /** Whether the provider refused the credential as it now is. */
  readonly rejected: boolean;
}

/** Whether all fields are there that a refresh is made with. */
export function canRefresh(provider: Provider, { fields, settings }: Configured): boolean {
  return fieldsOf(provider, settings).every(({ name, required }) => required === false || fields.has(name));
}

/** Whether all fields are there that a log-in without a person is made with. */
export function canRelogin(provider: Provider, { fields, settings }: Configured): boolean {
  const always = fieldsOf(provider, settings).filter(({ required }) => required === true);
  return (
    always.every(({ name }) => fields.has(name)) &&
    traitsOf(provider, settings).relogin.some((set) => set.every((name) => fields.has(name)))
  );
}

/** Whether the credential is lost with its access token, so that only a person could win it back. */
export function lapsesWithToken(provider: Provider, configured: Configured): boolean {
  return traitsOf(provider, configured.settings).rolling !== 'none' && !canRelogin(provider, configured);
}

/**
 * The step that the next attempt for a token makes, or undefined where none can be made: a log-in where the credential was
 * refused or has lapsed with its token (rolling), or is not there; else a refresh. A lapsed credential that cannot be won
 * back is still tried: its provider may be more lenient than documented.
 */
export function nextStep(provider: Provider, configured: Configured, facts: StepFacts): GrantStep | undefined {
  const { rolling } = traitsOf(provider, configured.settings);
  const isLost = facts.rejected || (rolling !== 'none' && facts.tokenLives === false);
  if (canRelogin(provider, configured) && (isLost || !canRefresh(provider, configured))) {
    return 'relogin';
  }
  return canRefresh(provider, configured) && !facts.rejected ? 'refresh' : undefined;
}
