import type { Credential, IssuedToken } from './credential.js';

/** A token and whose it is. */
export interface Holding {
  readonly credential: Credential;
  readonly token: IssuedToken;
}

type Fields = Readonly<Record<string, string>>;

const keyOf = (provider: string, field: string, value: string): string => `${provider}\n${field}\n${value}`;

/** Finds credentials by what a request shows of them: a token, or the fields it logs in with. */
export class CredentialIndex {
  readonly #byId = new Map<string, Credential>();
  readonly #byToken = new Map<string, Holding>();
  readonly #byField = new Map<string, Credential[]>();

  add(credential: Credential): void {
    this.#byId.set(credential.id, credential);
    credential.tokens.forEach((token) => this.addToken(credential, token));
    for (const [field, value] of Object.entries(credential.fields)) {
      const key = keyOf(credential.provider, field, value);
      const others = this.#byField.get(key);
      if (others) {
        others.push(credential);
      } else {
        this.#byField.set(key, [credential]);
      }
    }
  }

  addToken(credential: Credential, token: IssuedToken): void {
    this.#byToken.set(token.value, { credential, token });
  }

  removeToken(token: IssuedToken): void {
    this.#byToken.delete(token.value);
  }

  find(id: string): Credential | undefined {
    return this.#byId.get(id);
  }

  findToken(value: string): Holding | undefined {
    return this.#byToken.get(value);
  }

  /** The newest credential of the provider that has every one of these fields with these values. */
  findByFields(provider: string, fields: Fields): Credential | undefined {
    const names = Object.keys(fields);
    const candidates = names.map((name) => this.#byField.get(keyOf(provider, name, fields[name] ?? '')) ?? []);
    const fewest = candidates.toSorted((a, b) => a.length - b.length)[0] ?? [];
    return fewest.findLast((credential) => names.every((name) => credential.fields[name] === fields[name]));
  }

  /** Whether a credential of the provider whose keys still count has this field with this value. */
  isLiveKey(provider: string, field: string, value: string): boolean {
    const holders = this.#byField.get(keyOf(provider, field, value)) ?? [];
    return holders.some((credential) => !credential.keysRevoked);
  }

  all(): readonly Credential[] {
    return [...this.#byId.values()];
  }

  clear(): void {
    this.#byId.clear();
    this.#byToken.clear();
    this.#byField.clear();
  }
}
