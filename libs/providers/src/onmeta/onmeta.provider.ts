import { Injectable } from '@nestjs/common';
import { type JsonObject, lookUp, numberOf } from '../answer/json.js';
import { readAnswer } from '../answer/read-answer.js';
import type { Reading, Refusal } from '../answer/reading.js';
import { findSetting, requireSecret } from '../effective.js';
import { type Host, hostsOf } from '../hosts.js';
import type { OutboundAnswer, OutboundRequest } from '../outbound/exchange.js';
import type { Outcome } from '../outcome.js';
import type { EffectiveCredential, GrantStep, Provider, Settings } from '../provider.js';
import { buildRequest } from '../request/build-request.js';
import type { Traits } from '../traits.js';
import { ONMETA_FIELDS } from './onmeta.fields.js';

const PRODUCTION = 'https://api.platform.onmeta.in';
const STAGING = 'https://stg.api.onmeta.in';

/** No expiry is stated; the token is usually a JWT. A new refresh token is not documented, but taken where one comes. */
const REFRESH: Reading = {
  accessToken: 'data.accessToken',
  credential: { refresh_token: 'data.refreshToken' },
  refusal: refusalInBody,
};

const READINGS: Readonly<Record<GrantStep, Reading>> = {
  refresh: REFRESH,
  // The log-in proves nothing but the API key.
  relogin: { ...REFRESH, reasons: { 401: 'invalid_client' } },
};

/**
 * Onmeta (off-ramp): a static refresh token, sent as bearer beside the API key. Its 401 covers a bad key and a dead token
 * alike; only the log-in, which needs no more than the key and an e-mail address, tells them apart.
 */
@Injectable()
export class OnmetaProvider implements Provider {
  readonly type = 'onmeta';
  readonly title = 'Onmeta';
  readonly documentation = 'https://docs.onmeta.in/api/refresh-access-token';
  readonly defaultBaseUrl = PRODUCTION;
  readonly fields = ONMETA_FIELDS;
  readonly traits: Traits = {
    rotation: 'static',
    rolling: 'none',
    oldTokenSurvives: null,
    introspection: false,
    relogin: [['email', 'api_key']],
    unprocessedStatuses: [],
    refreshAt: 0.75,
    defaultTtlSeconds: 3600,
    tokenType: 'Bearer',
  };

  hosts(settings: Settings): readonly Host[] {
    return hostsOf([baseUrlOf(settings)]);
  }

  request(step: GrantStep, credential: EffectiveCredential): OutboundRequest {
    const baseUrl = baseUrlOf(credential.settings);
    const headers = { 'x-api-key': requireSecret(credential, 'api_key') };
    if (step === 'relogin') {
      const fields = { email: requireSecret(credential, 'email') };
      return buildRequest({
        method: 'POST',
        baseUrl,
        path: '/v1/users/login',
        headers,
        parameters: { encoding: 'json', fields },
      });
    }
    const authorization = `Bearer ${requireSecret(credential, 'refresh_token')}`;
    return buildRequest({
      method: 'GET',
      baseUrl,
      path: '/v1/users/refresh-token',
      headers: { ...headers, authorization },
    });
  }

  read(step: GrantStep, answer: OutboundAnswer, _credential: EffectiveCredential, now: number): Outcome {
    return readAnswer(answer, READINGS[step], this.traits, now);
  }
}

function baseUrlOf(settings: Settings): string {
  const host = findSetting({ settings }, 'environment') === 'staging' ? STAGING : PRODUCTION;
  return findSetting({ settings }, 'base_url') ?? host;
}

/** `success: false` can ride on HTTP 200, with the status that is meant in `error.code`. */
function refusalInBody({ status }: OutboundAnswer, json: JsonObject | undefined): Refusal | undefined {
  if (status < 200 || status > 299 || json?.['success'] !== false) {
    return undefined;
  }
  const code = numberOf(lookUp(json, 'error.code')) ?? 0;
  return Number.isInteger(code) && code >= 400 && code <= 599 ? { meantStatus: code } : { reason: 'no_token' };
}
