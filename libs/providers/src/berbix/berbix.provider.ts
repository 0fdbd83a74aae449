import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../answer/json.js';
import { readAnswer } from '../answer/read-answer.js';
import type { Reading, Refusal } from '../answer/reading.js';
import { findSetting, noRelogin, requireSecret } from '../effective.js';
import { type Host, hostsOf } from '../hosts.js';
import type { OutboundAnswer, OutboundRequest } from '../outbound/exchange.js';
import type { Outcome } from '../outcome.js';
import type { EffectiveCredential, GrantStep, Provider, Settings } from '../provider.js';
import { basicAuthorization } from '../request/basic.js';
import { buildRequest } from '../request/build-request.js';
import type { Traits } from '../traits.js';
import { BERBIX_FIELDS } from './berbix.fields.js';

const BASE_URL = 'https://api.berbix.com';

/** `transaction_id` is an int64; a refresh token is documented as left out, and taken where one comes. */
const READING: Reading = {
  accessToken: 'access_token',
  expiresIn: 'expires_in',
  credential: { refresh_token: 'refresh_token' },
  extra: { client_token: 'client_token', transaction_id: 'transaction_id' },
  refusal: refusalOfSecret,
};

/** Berbix: the OAuth refresh grant in JSON, authenticated by Basic with the API secret as user and an empty password. */
@Injectable()
export class BerbixProvider implements Provider {
  readonly type = 'berbix';
  readonly title = 'Berbix';
  readonly documentation = 'https://docs.berbix.com/reference';
  readonly defaultBaseUrl = BASE_URL;
  readonly fields = BERBIX_FIELDS;
  readonly traits: Traits = {
    rotation: 'static',
    rolling: 'none',
    oldTokenSurvives: null,
    introspection: false,
    relogin: [],
    unprocessedStatuses: [],
    refreshAt: 0.75,
    defaultTtlSeconds: 3600,
    tokenType: 'Bearer',
  };

  hosts(settings: Settings): readonly Host[] {
    return hostsOf([baseUrlOf(settings)]);
  }

  request(step: GrantStep, credential: EffectiveCredential): OutboundRequest {
    if (step === 'relogin') {
      throw noRelogin(this.type);
    }
    const fields = { grant_type: 'refresh_token', refresh_token: requireSecret(credential, 'refresh_token') };
    return buildRequest({
      method: 'POST',
      baseUrl: baseUrlOf(credential.settings),
      path: '/v0/tokens',
      headers: { authorization: basicAuthorization(requireSecret(credential, 'api_secret'), '') },
      parameters: { encoding: 'json', fields },
    });
  }

  read(_step: GrantStep, answer: OutboundAnswer, _credential: EffectiveCredential, now: number): Outcome {
    return readAnswer(answer, READING, this.traits, now);
  }
}

const baseUrlOf = (settings: Settings): string => findSetting({ settings }, 'base_url') ?? BASE_URL;

/** A 401 for the API secret, which all connections share, is not the death of this one's refresh token. */
function refusalOfSecret({ status }: OutboundAnswer, json: JsonObject | undefined): Refusal | undefined {
  const message = json?.['message'];
  const isSecret = status === 401 && typeof message === 'string' && /api secret/i.test(message);
  return isSecret ? { reason: 'invalid_client' } : undefined;
}
