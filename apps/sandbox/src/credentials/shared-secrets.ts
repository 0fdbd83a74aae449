import { randomBytes } from 'node:crypto';
import type { SampleSpec } from '../contract/answers-file.js';
import { fillText } from '../exchange/template.js';

type Texts = Readonly<Record<string, string>>;

/** Another 192 random bits each time, in base64url. */
export const randomText = (): string => randomBytes(24).toString('base64url');

/** Secrets that all credentials of a provider share, as a merchant's API key is shared by all its customers. */
export class SharedSecrets {
  readonly #byProvider: Map<string, Texts>;

  /** `saved` are those of earlier runs, by provider. */
  constructor(saved: Readonly<Record<string, Texts>> = {}) {
    this.#byProvider = new Map(Object.entries(saved));
  }

  /** Those of a provider; made from its sample when first asked for. */
  of(provider: string, { secrets }: SampleSpec): Texts {
    const known = this.#byProvider.get(provider);
    if (known) {
      return known;
    }
    const filled = Object.entries(secrets).map(([name, template]) => [
      name,
      fillText(template, { random: randomText }),
    ]);
    const made: Texts = Object.fromEntries(filled);
    this.#byProvider.set(provider, made);
    return made;
  }

  has(provider: string, field: string, value: string): boolean {
    return this.#byProvider.get(provider)?.[field] === value;
  }

  save(): Readonly<Record<string, Texts>> {
    return Object.fromEntries(this.#byProvider);
  }
}
