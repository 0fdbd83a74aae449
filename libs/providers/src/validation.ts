import type { FieldError } from '@app/common';
import { Ajv, type ValidateFunction } from 'ajv';
import { configurableFields } from './common.fields.js';
import { configuredOf } from './effective.js';
import { fieldsOf, type ProviderField } from './fields.js';
import type { EffectiveCredential, Provider } from './provider.js';
import { fieldErrorOf, faultsOf, type SchemaFault } from './schema-errors.js';
import { secretsSchema, settingsSchema } from './schema.js';
import { canRelogin } from './steps.js';

/** The names that the sender knows the two groups by: `credential` of a connection, `secrets` of a provider. */
export interface GroupNames {
  readonly settings: string;
  readonly secrets: string;
}

/** One level as a person sends it, unchecked; an absent group has nothing wrong with it. */
export interface LevelInput {
  readonly settings?: unknown;
  readonly secrets?: unknown;
}

const ajv = new Ajv({ allErrors: true, verbose: true, formats: { uri: isBaseUrl, email: /^[^\s@]+@[^\s@]+$/ } });

interface Validators {
  readonly settings: ValidateFunction;
  readonly secrets: ValidateFunction;
}

/** Compiled once for each provider; they live as long as the process. */
const compiled = new WeakMap<Provider, Validators>();

/**
 * What is wrong with the fields of one level: unknown, misplaced and malformed ones, each by name (`settings.base_url`).
 * Whether all that is needed is there is another question: `checkComplete`.
 */
export function checkFields(provider: Provider, input: LevelInput, names: GroupNames): FieldError[] {
  const validators = validatorsOf(provider);
  return [
    ...checkGroup(provider, input.settings, validators.settings, names, false),
    ...checkGroup(provider, input.secrets, validators.secrets, names, true),
  ];
}

/**
 * As `checkFields`, for what is merged into a level or may be left out of it: null removes a field. What is removed need not be there,
 * but its name must be one of a field of that group.
 */
export function checkChanges(provider: Provider, { settings, secrets }: LevelInput, names: GroupNames): FieldError[] {
  return [
    ...checkFields(provider, { settings: withoutNulls(settings), secrets: withoutNulls(secrets) }, names),
    ...checkRemoved(provider, settings, names, false),
    ...checkRemoved(provider, secrets, names, true),
  ];
}

/** What is missing or does not fit in a provider's and a connection's fields together; `names` are those of the level that is being written. */
export function checkComplete(provider: Provider, effective: EffectiveCredential, names: GroupNames): FieldError[] {
  const configured = configuredOf(effective);
  const relogin = canRelogin(provider, configured);
  const missing = fieldsOf(provider, effective.settings)
    .filter(({ required }) => required === true || (required === 'unless_relogin' && !relogin))
    .filter(({ name }) => !configured.fields.has(name))
    .map(({ name, secret }) => ({
      field: `${secret ? names.secrets : names.settings}.${name}`,
      message: 'is required',
    }));
  const wrong = (provider.check?.(effective) ?? []).map(({ field, message }) => ({
    field: field.replace(/^secrets(?=\.)/, names.secrets).replace(/^settings(?=\.)/, names.settings),
    message,
  }));
  return [...missing, ...wrong];
}

function checkGroup(
  provider: Provider,
  value: unknown,
  validate: ValidateFunction,
  names: GroupNames,
  secret: boolean,
): FieldError[] {
  if (value === undefined) {
    return [];
  }
  const group = secret ? names.secrets : names.settings;
  if (!validate(value)) {
    return faultsOf(validate.errors ?? []).map((fault) =>
      fieldErrorOf(isUnknownField(fault) ? worded(fault, provider, secret, names) : fault, group),
    );
  }
  const fields = configurableFields(provider).filter((field) => field.secret === secret);
  return fields.flatMap((field) => deeperErrors(field, value as Readonly<Record<string, unknown>>, group));
}

function checkRemoved(provider: Provider, value: unknown, names: GroupNames, secret: boolean): FieldError[] {
  const known = configurableFields(provider).filter((field) => field.secret === secret);
  return Object.entries(Object(value) as object)
    .filter(([name, sent]) => sent === null && known.every((field) => field.name !== name))
    .map(([name]) => ({
      field: `${secret ? names.secrets : names.settings}.${name}`,
      message: strayMessage(provider, name, secret, names),
    }));
}

/** What is no object is left as it is: it is refused as that. */
const withoutNulls = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, sent]) => sent !== null))
    : value;

function deeperErrors(
  { name, check }: ProviderField,
  group: Readonly<Record<string, unknown>>,
  prefix: string,
): FieldError[] {
  const value = group[name];
  const message = typeof value === 'string' ? check?.(value) : undefined;
  return message === undefined ? [] : [{ field: `${prefix}.${name}`, message }];
}

const isUnknownField = ({ unknown, path }: SchemaFault): boolean => unknown && path.length === 1;

const worded = (fault: SchemaFault, provider: Provider, secret: boolean, names: GroupNames): SchemaFault => ({
  ...fault,
  message: strayMessage(provider, fault.path[0], secret, names),
});

/** A field that is unknown in its group may be known in the other one. */
function strayMessage(provider: Provider, name: string | undefined, secret: boolean, names: GroupNames): string {
  const isMisplaced = configurableFields(provider).some((field) => field.name === name && field.secret !== secret);
  return isMisplaced
    ? `belongs under "${secret ? names.settings : names.secrets}"`
    : `is not a field of the type "${provider.type}"`;
}

function validatorsOf(provider: Provider): Validators {
  const known = compiled.get(provider);
  if (known !== undefined) {
    return known;
  }
  const validators = {
    settings: ajv.compile(settingsSchema(provider)),
    secrets: ajv.compile(secretsSchema(provider)),
  };
  compiled.set(provider, validators);
  return validators;
}

/** Absolute, http or https, and nothing behind the path that an appended path would end up in. */
function isBaseUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || /[\s?#\\]/.test(text) || !URL.canParse(text)) {
    return false;
  }
  const { username, password, hostname } = new URL(text);
  return username === '' && password === '' && hostname !== '';
}
