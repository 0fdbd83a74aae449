import type { FieldError } from '@app/common';
import { readAnswer } from '../answer/read-answer.js';
import { noRelogin } from '../effective.js';
import type { ProviderField } from '../fields.js';
import type { Host } from '../hosts.js';
import type { OutboundAnswer, OutboundRequest } from '../outbound/exchange.js';
import type { Outcome } from '../outcome.js';
import type { EffectiveCredential, GrantStep, Introspection, Provider, Settings } from '../provider.js';
import type { Traits } from '../traits.js';
import { checkTogether } from './check.js';
import { introspectionRequest, readIntrospection } from './introspection.js';
import { oauth2Fields } from './oauth2.fields.js';
import type { Preset } from './presets.js';
import { readingOf } from './reading.js';
import { tokenRequest } from './request.js';
import { requiredFields } from './required-fields.js';
import { type OAuth2Settings, settingsInForce } from './settings.js';
import { traitsOfSettings } from './traits.js';
import { hostOfTemplate } from './url-template.js';

/**
 * Any OAuth 2.0 provider, by configuration: the refresh grant (RFC 6749, 6) and what providers make of it, client_credentials
 * (4.4) and signed assertions (RFC 7523). A preset stands below the provider's settings, those below the connection's.
 */
export class OAuth2Provider implements Provider {
  readonly type = 'oauth2';
  readonly title = 'OAuth 2.0';
  readonly documentation = 'https://www.rfc-editor.org/rfc/rfc6749#section-6';
  readonly defaultBaseUrl = null;
  readonly fields: readonly ProviderField[];
  readonly traits: Traits;
  readonly introspection: Introspection = {
    request: (credential, now) => introspectionRequest(this.#inForce(credential.settings), credential, now),
    read: (answer, { settings }, now) => readIntrospection(answer, this.#inForce(settings), now),
  };
  readonly #presets: ReadonlyMap<string, Preset>;
  /** Of the settings of an attempt, which are asked for several times. */
  readonly #known = new WeakMap<Settings, OAuth2Settings>();

  constructor(presets: ReadonlyMap<string, Preset>) {
    this.#presets = presets;
    this.fields = oauth2Fields([...presets.keys()]);
    this.traits = this.traitsFor({});
  }

  traitsFor(settings: Settings): Traits {
    return traitsOfSettings(this.#inForce(settings));
  }

  fieldsFor(settings: Settings): readonly ProviderField[] {
    const ofPreset = this.#presets.get(String(settings['preset']))?.settings ?? {};
    return requiredFields(this.fields, this.#inForce(settings), ofPreset);
  }

  check({ settings, secrets }: EffectiveCredential): readonly FieldError[] {
    return checkTogether(this.#inForce(settings), secrets);
  }

  hosts(settings: Settings): readonly Host[] {
    const { token_url, introspection_url, url_parameters } = this.#inForce(settings);
    return [...new Set([token_url, introspection_url].flatMap((url) => hostOfTemplate(url, url_parameters) ?? []))];
  }

  async request(step: GrantStep, credential: EffectiveCredential, now: number): Promise<OutboundRequest> {
    if (step === 'relogin') {
      throw noRelogin(this.type);
    }
    return tokenRequest(this.#inForce(credential.settings), credential, now);
  }

  read(_step: GrantStep, answer: OutboundAnswer, { settings }: EffectiveCredential, now: number): Outcome {
    const inForce = this.#inForce(settings);
    return readAnswer(answer, readingOf(inForce), traitsOfSettings(inForce), now);
  }

  #inForce(settings: Settings): OAuth2Settings {
    const known = this.#known.get(settings);
    if (known !== undefined) {
      return known;
    }
    const inForce = settingsInForce(settings, this.#presets);
    this.#known.set(settings, inForce);
    return inForce;
  }
}
