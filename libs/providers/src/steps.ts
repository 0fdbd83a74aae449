import type { Provider, Step } from './provider.js';

/** Names of the fields that are set, at either level: enough to plan with, so that planning opens no secret. */
export type FieldNames = ReadonlySet<string>;

/** What is known of a connection beside its credential when its next attempt is planned. */
export interface StepFacts {
  /** Whether the newest access token still lives; null where there is none. */
  readonly tokenLives: boolean | null;
  /** Whether the provider refused the credential as it now is. */
  readonly rejected: boolean;
}

/** Whether all fields are there that a refresh is made with. */
export function canRefresh(provider: Provider, fields: FieldNames): boolean {
  return provider.fields.every(({ name, required }) => required === false || fields.has(name));
}

/** Whether all fields are there that a log-in without a person is made with. */
export function canRelogin(provider: Provider, fields: FieldNames): boolean {
  const always = provider.fields.filter(({ required }) => required === true);
  return (
    always.every(({ name }) => fields.has(name)) &&
    provider.traits.relogin.some((set) => set.every((name) => fields.has(name)))
  );
}

/**
 * The step that the next attempt makes, or undefined where none can be made: a log-in where the credential was refused or
 * has lapsed with its token (rolling), or is not there; else a refresh. A lapsed credential that cannot be won back is still
 * tried: its provider may be more lenient than documented.
 */
export function nextStep(provider: Provider, fields: FieldNames, facts: StepFacts): Step | undefined {
  const isLost = facts.rejected || (provider.traits.rolling !== 'none' && facts.tokenLives === false);
  if (canRelogin(provider, fields) && (isLost || !canRefresh(provider, fields))) {
    return 'relogin';
  }
  return canRefresh(provider, fields) && !facts.rejected ? 'refresh' : undefined;
}
