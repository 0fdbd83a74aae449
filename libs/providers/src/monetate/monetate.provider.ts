import { Injectable } from '@nestjs/common';
import { readAnswer } from '../answer/read-answer.js';
import type { Reading } from '../answer/reading.js';
import { findSetting, noRelogin, requireSetting } from '../effective.js';
import { type Host, hostsOf } from '../hosts.js';
import type { OutboundAnswer, OutboundRequest } from '../outbound/exchange.js';
import type { Outcome } from '../outcome.js';
import type { EffectiveCredential, GrantStep, Provider, Settings } from '../provider.js';
import { buildRequest } from '../request/build-request.js';
import { signWithKey } from '../request/private-key.js';
import type { Traits } from '../traits.js';
import { MONETATE_FIELDS } from './monetate.fields.js';

const BASE_URL = 'https://api.monetate.net/api/auth/v0';
const DEFAULT_TTL_SECONDS = 3600;

const READING: Reading = {
  accessToken: 'data.token',
  expiresIn: 'data.expires_in',
  expiresAt: 'data.expires_at',
};

/**
 * Monetate: there is no refresh token. Each call is a JWT of our own making (`username`, `iat`), signed with the API user's
 * key, and mints a token that leaves earlier ones alone: any number of repeats is safe. The scheme is `JWT` to mint and
 * `Token` to use, never `Bearer`.
 */
@Injectable()
export class MonetateProvider implements Provider {
  readonly type = 'monetate';
  readonly title = 'Monetate';
  readonly documentation = 'https://developer.monetate.com/auth-api/refresh-token';
  readonly defaultBaseUrl = BASE_URL;
  readonly fields = MONETATE_FIELDS;
  readonly traits: Traits = {
    rotation: 'static',
    rolling: 'none',
    oldTokenSurvives: true,
    introspection: false,
    relogin: [],
    unprocessedStatuses: [],
    refreshAt: 0.75,
    defaultTtlSeconds: DEFAULT_TTL_SECONDS,
    tokenType: 'Token',
  };

  hosts(settings: Settings): readonly Host[] {
    return hostsOf([baseUrlOf(settings)]);
  }

  async request(step: GrantStep, credential: EffectiveCredential, now: number): Promise<OutboundRequest> {
    if (step === 'relogin') {
      throw noRelogin(this.type);
    }
    return buildRequest({
      method: 'GET',
      baseUrl: baseUrlOf(credential.settings),
      path: '/refresh/',
      query: { ttl: String(credential.settings['ttl_seconds'] ?? DEFAULT_TTL_SECONDS) },
      headers: { authorization: `JWT ${await signAssertion(credential, now)}` },
    });
  }

  read(_step: GrantStep, answer: OutboundAnswer, _credential: EffectiveCredential, now: number): Outcome {
    return readAnswer(answer, READING, this.traits, now);
  }
}

const baseUrlOf = (settings: Settings): string => findSetting({ settings }, 'base_url') ?? BASE_URL;

async function signAssertion(credential: EffectiveCredential, now: number): Promise<string> {
  const { SignJWT } = await import('jose');
  const assertion = new SignJWT({ username: requireSetting(credential, 'username') })
    .setProtectedHeader({ alg: findSetting(credential, 'algorithm') ?? 'RS256', typ: 'JWT' })
    .setIssuedAt(Math.floor(now / 1000));
  return signWithKey(assertion, credential);
}
