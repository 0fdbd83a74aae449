import { inspect } from 'node:util';

/** A value that must not be printed: every way of turning it into text gives `[secret]`; `.reveal()` is easy to grep for. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** The fields of an object as Secrets: `{ refresh_token: 'x' }` → `{ refresh_token: Secret }`. */
export function toSecrets(fields: Readonly<Record<string, string>>): Record<string, Secret> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, new Secret(value)]));
}

/** The opposite of `toSecrets`, for the moment a credential is sealed. */
export function revealAll(fields: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, secret]) => [name, secret.reveal()]));
}
