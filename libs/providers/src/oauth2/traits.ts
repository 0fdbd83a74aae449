import type { Traits } from '../traits.js';
import type { OAuth2Settings } from './settings.js';

/** Before the end of what is lost for good when a refresh comes too late, a little later than else. */
const REFRESH_AT = 0.75;
const REFRESH_AT_STRICT = 0.85;

/** How a provider with these settings treats its credentials. A grant without a refresh token can be repeated at will. */
export function traitsOfSettings(settings: OAuth2Settings): Traits {
  const isRefreshGrant = settings.grant === 'refresh_token';
  const rotation = isRefreshGrant ? settings.rotation : 'static';
  const isRolling = isRefreshGrant && settings.rolling;
  return {
    rotation,
    ...(rotation === 'grace' && { graceSeconds: settings.grace_seconds ?? 0 }),
    rolling: isRolling ? 'credential' : 'none',
    oldTokenSurvives: settings.old_token_survives ?? null,
    introspection: isRefreshGrant && !isRolling && settings.introspection_url !== undefined,
    relogin: [],
    unprocessedStatuses: settings.unprocessed_statuses,
    refreshAt: settings.refresh_at ?? (rotation === 'strict' ? REFRESH_AT_STRICT : REFRESH_AT),
    defaultTtlSeconds: settings.default_ttl_seconds,
    tokenType: settings.token_type,
    ...(isRefreshGrant &&
      settings.refresh_token_idle_seconds !== undefined && { idleSeconds: settings.refresh_token_idle_seconds }),
  };
}
