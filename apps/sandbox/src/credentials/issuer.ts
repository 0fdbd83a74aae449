import { invalidRequest, randomLetters } from '@app/common';
import type { SampleSpec } from '../contract/answers-file.js';
import type { Values } from '../exchange/template.js';
import type { Behaviour, Credential, IssuedCredential, IssueOptions } from './credential.js';
import type { CredentialStore } from './credential.store.js';
import { type FilledSample, fillSample } from './fill-sample.js';
import { randomText } from './shared-secrets.js';

type Texts = Readonly<Record<string, string>>;

/** Makes credentials that the sandbox will recognise, from the samples of the answers files. */
export class Issuer {
  constructor(private readonly store: CredentialStore) {}

  /**
   * A fresh credential of a provider whose base URL is `baseUrl`.
   * @throws BrokerError `not_found`, `invalid_request`
   */
  async issue(provider: string, options: IssueOptions, baseUrl: string): Promise<IssuedCredential> {
    const { sample, sandbox, type } = this.store.requireContract(provider);
    const id = `${provider}-${randomLetters(10)}`;
    const values = await this.#values(id, baseUrl, Object.values(sample.credential));
    const shared = this.store.secrets.of(provider, sample);
    const filled = fillSample(sample, Object.keys(sandbox.tokens), options, shared, values);
    this.#checkKey(filled.fields);
    const credential = newCredential(id, provider, filled, behaviourOf(options));
    this.store.add(credential);
    const tokens = filled.tokens.map(({ field, kind, value }) => [
      field,
      this.store.issueToken(credential, kind, undefined, value),
    ]);
    return {
      id,
      provider,
      type,
      settings: { ...baseUrlFor(sample, baseUrl), ...filled.settings },
      secrets: filled.secrets,
      credential: { ...Object.fromEntries(tokens), ...filled.fields },
    };
  }

  async #values(id: string, url: string, templates: readonly string[]): Promise<Values> {
    if (!templates.includes('{rsa_private_key}')) {
      return { id, url, random: randomText };
    }
    return { id, url, random: randomText, rsa_private_key: await this.store.keys.rsaPrivateKey() };
  }

  #checkKey({ private_key }: Texts): void {
    try {
      if (private_key !== undefined) {
        this.store.keys.publicKeyOf(private_key);
      }
    } catch {
      throw invalidRequest([{ field: 'credential.private_key', message: 'is no private key in PEM' }]);
    }
  }
}

/** A sample that says itself where `{url}` stands needs no base URL. */
const baseUrlFor = ({ settings }: SampleSpec, url: string): { readonly base_url?: string } =>
  Object.values(settings).some((value) => typeof value === 'string' && value.includes('{url}'))
    ? {}
    : { base_url: url };

const behaviourOf = ({ settings: _1, secrets: _2, credential: _3, ...behaviour }: IssueOptions): Behaviour => behaviour;

function newCredential(id: string, provider: string, filled: FilledSample, behaviour: Behaviour): Credential {
  const settings = Object.entries(filled.settings)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => [name, String(value)]);
  return {
    id,
    provider,
    issuedAt: new Date().toISOString(),
    fields: { ...Object.fromEntries(settings), ...filled.secrets, ...filled.fields },
    behaviour,
    tokens: [],
    keysRevoked: false,
  };
}
