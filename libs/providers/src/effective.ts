import { BrokerError, type Secret } from '@app/common';
import type { EffectiveCredential, Settings } from './provider.js';
import type { Configured } from './steps.js';

/** What is configured at one level: of a provider, or of one connection. */
export interface ConfiguredLevel {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, Secret>>;
}

/**
 * The provider's settings and secrets with the connection's own on top, field by field; settings that are objects at both
 * levels, name by name.
 */
export function mergeLevels(provider: ConfiguredLevel, connection: ConfiguredLevel): EffectiveCredential {
  return {
    settings: mergeSettings(provider.settings, connection.settings),
    secrets: { ...provider.secrets, ...connection.secrets },
  };
}

/** Settings with others on top: field by field, and where both have an object, name by name. */
export function mergeSettings(below: Settings, above: Settings): Settings {
  const merged = Object.entries(above).map(([name, value]) => {
    const under = valueOf(below, name);
    return [name, isRecord(under) && isRecord(value) ? { ...under, ...value } : value] as const;
  });
  return { ...below, ...Object.fromEntries(merged) };
}

/** Names of the fields that have a value, settings and secrets alike. */
export function setFields({ settings, secrets }: EffectiveCredential): ReadonlySet<string> {
  const entries = [...Object.entries(settings), ...Object.entries(secrets)];
  return new Set(entries.filter(([, value]) => value !== undefined).map(([name]) => name));
}

/** What can be planned with: the settings, and the names of what has a value. */
export function configuredOf(effective: EffectiveCredential): Configured {
  return { fields: setFields(effective), settings: effective.settings };
}

/**
 * The text of a secret field, ready to be sent.
 * @throws BrokerError `connection_misconfigured` where it is missing.
 */
export function requireSecret(credential: EffectiveCredential, name: string): string {
  const secret = valueOf(credential.secrets, name);
  if (secret === undefined) {
    throw missing(name);
  }
  return secret.reveal();
}

/**
 * The text of a setting.
 * @throws BrokerError `connection_misconfigured` where it is missing or no text.
 */
export function requireSetting(credential: EffectiveCredential, name: string): string {
  const value = findSetting(credential, name);
  if (value === undefined) {
    throw missing(name);
  }
  return value;
}

/** The text of a setting, or undefined where it is not set. */
export function findSetting({ settings }: Pick<EffectiveCredential, 'settings'>, name: string): string | undefined {
  const value = valueOf(settings, name);
  return typeof value === 'string' ? value : undefined;
}

/** A BrokerError for a type that has no way to log in again without a person. */
export function noRelogin(type: string): BrokerError {
  return new BrokerError('connection_misconfigured', `The type "${type}" cannot log in again: store a new credential.`);
}

function missing(name: string): BrokerError {
  return new BrokerError('connection_misconfigured', `The field "${name}" is missing: store it.`);
}

function isRecord(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueOf<T>(fields: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
