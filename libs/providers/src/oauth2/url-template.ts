import { BrokerError } from '@app/common';
import { type Host, hostWithAny } from '../hosts.js';

const PLACEHOLDER = /\{([a-z][a-z0-9_]*)\}/g;

/** Names of the parameters that a URL template asks for. */
export const parametersOf = (template: string): readonly string[] =>
  [...template.matchAll(PLACEHOLDER)].flatMap(([, name]) => name ?? []);

/** The template with its parameters, or undefined where one is missing or no http(s) URL without user comes of it. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string | undefined {
  if (!parametersOf(template).every((name) => Object.hasOwn(values, name))) {
    return undefined;
  }
  const text = template.replaceAll(PLACEHOLDER, (_all, name: string) => values[name] ?? '');
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    return undefined;
  }
  const { username, password, hash } = new URL(text);
  return username === '' && password === '' && hash === '' ? text : undefined;
}

/** Stands where a parameter is not set yet; as long as one is not, nothing is sent. */
const ANY = 'claviger-any-host';

/** The host that the template sends to, as far as its parameters say; undefined where none can be told. */
export function hostOfTemplate(
  template: string | undefined,
  values: Readonly<Record<string, string>>,
): Host | undefined {
  if (template === undefined) {
    return undefined;
  }
  const whole = fillTemplate(template, values);
  if (whole !== undefined) {
    return new URL(whole).origin;
  }
  const any = Object.fromEntries(parametersOf(template).map((name) => [name, ANY]));
  const url = fillTemplate(template, { ...any, ...values });
  return url === undefined ? undefined : hostWithAny(url, ANY);
}

/**
 * The URL that a request goes to.
 * @throws BrokerError `connection_misconfigured` where the template is missing or cannot be filled.
 */
export function requireUrl(
  setting: 'token_url' | 'introspection_url',
  template: string | undefined,
  values: Readonly<Record<string, string>>,
): string {
  const url = template === undefined ? undefined : fillTemplate(template, values);
  if (url === undefined) {
    throw new BrokerError(
      'connection_misconfigured',
      `The setting "${setting}" is no URL with the url_parameters that are set: correct them.`,
    );
  }
  return url;
}
