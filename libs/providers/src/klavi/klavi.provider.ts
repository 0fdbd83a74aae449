import { Injectable } from '@nestjs/common';
import { readAnswer } from '../answer/read-answer.js';
import type { Reading } from '../answer/reading.js';
import { findSetting, requireSecret } from '../effective.js';
import { type Host, hostsOf } from '../hosts.js';
import type { OutboundAnswer, OutboundRequest } from '../outbound/exchange.js';
import type { Outcome } from '../outcome.js';
import type { EffectiveCredential, GrantStep, Provider, Settings } from '../provider.js';
import { buildRequest } from '../request/build-request.js';
import type { Traits } from '../traits.js';
import { KLAVI_FIELDS } from './klavi.fields.js';

const PRODUCTION = 'https://api.klavi.ai';
const SANDBOX = 'https://api-sandbox.klavi.ai';

/** `expireIn`, without the s; a number or numeric string. 416 is a business error with a code of its own in the body. */
const REFRESH: Reading = {
  accessToken: 'accessToken',
  expiresIn: 'expireIn',
  credential: { access_token: 'accessToken' },
  reasons: { 416: 'bad_request' },
};

const READINGS: Readonly<Record<GrantStep, Reading>> = {
  refresh: REFRESH,
  relogin: { ...REFRESH, reasons: { ...REFRESH.reasons, 401: 'invalid_client' } },
};

/**
 * Klavi: the access token is itself the credential and must renew itself before it lapses; then only the keys help.
 *
 * `rotation` is `static` although the vendor does not say that the old token lives on: nothing documents that a repeat
 * revokes what the first answer issued, and where the old token has died, a repeat is answered 401 and loses no more than the
 * lost answer already did. Waiting instead would let a token lapse that could have renewed itself.
 */
@Injectable()
export class KlaviProvider implements Provider {
  readonly type = 'klavi';
  readonly title = 'Klavi';
  readonly documentation = 'https://docs.klavi.ai/monitor/refresh-access-token';
  readonly defaultBaseUrl = PRODUCTION;
  readonly fields = KLAVI_FIELDS;
  readonly traits: Traits = {
    rotation: 'static',
    rolling: 'credential',
    oldTokenSurvives: null,
    introspection: false,
    relogin: [['access_key', 'secret_key']],
    unprocessedStatuses: [],
    refreshAt: 0.75,
    defaultTtlSeconds: 1800,
    tokenType: 'Bearer',
  };

  hosts(settings: Settings): readonly Host[] {
    return hostsOf([baseUrlOf(settings)]);
  }

  request(step: GrantStep, credential: EffectiveCredential): OutboundRequest {
    const baseUrl = baseUrlOf(credential.settings);
    const prefix = findSetting(credential, 'product') === 'data' ? '/data/v1' : '/monitor/v1';
    if (step === 'relogin') {
      const fields = {
        accessKey: requireSecret(credential, 'access_key'),
        secretKey: requireSecret(credential, 'secret_key'),
      };
      return buildRequest({
        method: 'POST',
        baseUrl,
        path: `${prefix}/auth`,
        parameters: { encoding: 'json', fields },
      });
    }
    const authorization = `Bearer ${requireSecret(credential, 'access_token')}`;
    return buildRequest({ method: 'GET', baseUrl, path: `${prefix}/refresh`, headers: { authorization } });
  }

  read(step: GrantStep, answer: OutboundAnswer, _credential: EffectiveCredential, now: number): Outcome {
    return readAnswer(answer, READINGS[step], this.traits, now);
  }
}

function baseUrlOf(settings: Settings): string {
  const host = findSetting({ settings }, 'environment') === 'sandbox' ? SANDBOX : PRODUCTION;
  return findSetting({ settings }, 'base_url') ?? host;
}
