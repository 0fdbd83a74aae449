import { Injectable } from '@nestjs/common';
import { readAnswer } from '../answer/read-answer.js';
import type { Reading, Refusal } from '../answer/reading.js';
import { findSetting, requireSecret, requireSetting } from '../effective.js';
import { type Host, hostsOf } from '../hosts.js';
import type { OutboundAnswer, OutboundRequest } from '../outbound/exchange.js';
import type { Outcome } from '../outcome.js';
import type { EffectiveCredential, GrantStep, Provider, Settings } from '../provider.js';
import { buildRequest } from '../request/build-request.js';
import type { Traits } from '../traits.js';
import { KLEARSTACK_FIELDS } from './klearstack.fields.js';
import { missingParameter } from './missing-parameter.js';

/** The log-in answers both tokens, the refresh only the access token; the expiry is in the token, a JWT. */
const READING: Reading = {
  accessToken: 'access_token',
  credential: { access_token: 'access_token', refresh_token: 'refresh_token' },
  prefixed: true,
  refusal: refusalFor500,
};

/**
 * KlearStack: the refresh token goes in the body and the access token, which must still live, in the header. So the access
 * token is a co-credential: each answer replaces it, and once it has lapsed only the log-in helps.
 */
@Injectable()
export class KlearstackProvider implements Provider {
  readonly type = 'klearstack';
  readonly title = 'KlearStack';
  readonly documentation =
    'https://klearstack.gitbook.io/klearstack-api-documentation/authentication-and-user-details/get-new-access-token-using-existing-refresh-token';
  readonly defaultBaseUrl = null;
  readonly fields = KLEARSTACK_FIELDS;
  readonly traits: Traits = {
    rotation: 'static',
    rolling: 'co_credential',
    oldTokenSurvives: null,
    introspection: false,
    relogin: [['username', 'password']],
    unprocessedStatuses: [],
    refreshAt: 10 / 15,
    defaultTtlSeconds: 900,
    tokenType: 'Bearer',
  };

  hosts(settings: Settings): readonly Host[] {
    return hostsOf([findSetting({ settings }, 'base_url')]);
  }

  request(step: GrantStep, credential: EffectiveCredential): OutboundRequest {
    const baseUrl = requireSetting(credential, 'base_url');
    const encoding = findSetting(credential, 'encoding') === 'multipart' ? 'multipart' : 'form';
    const company = { company_name: requireSetting(credential, 'company_name') };
    if (step === 'relogin') {
      const login = {
        username: requireSecret(credential, 'username'),
        password: requireSecret(credential, 'password'),
      };
      const parameters = { encoding, fields: { ...login, ...company } } as const;
      return buildRequest({ method: 'POST', baseUrl, path: '/access/klearstack/get_access_token', parameters });
    }
    return buildRequest({
      method: 'POST',
      baseUrl,
      path: '/access/klearstack/getaccesstokenfromrefreshtoken',
      headers: { authorization: `Bearer ${requireSecret(credential, 'access_token')}` },
      parameters: { encoding, fields: { refresh_token: requireSecret(credential, 'refresh_token'), ...company } },
    });
  }

  read(_step: GrantStep, answer: OutboundAnswer, _credential: EffectiveCredential, now: number): Outcome {
    return readAnswer(answer, READING, this.traits, now);
  }
}

/** A missing parameter is reported as 500: a mistake of ours, not an outage. */
function refusalFor500({ status, body }: OutboundAnswer): Refusal | undefined {
  const parameter = status === 500 ? missingParameter(body) : undefined;
  return parameter === undefined ? undefined : { reason: 'missing_parameter', parameter };
}
