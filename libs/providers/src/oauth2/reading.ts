import type { Reading } from '../answer/reading.js';
import { codesOfRfc, individual, reasonsOfStatuses } from './errors.js';
import type { OAuth2Settings } from './settings.js';

/** How an answer of the token endpoint is read (RFC 6749, 5.1 and 5.2). */
export function readingOf(settings: OAuth2Settings): Reading {
  const { paths, grant, rolling } = settings;
  return {
    ...errorReadingOf(settings),
    accessToken: paths.access_token,
    expiresIn: paths.expires_in,
    ...(paths.expires_at !== undefined && { expiresAt: paths.expires_at }),
    ...(grant === 'refresh_token' && {
      credential: rolling ? { access_token: paths.access_token } : { refresh_token: paths.refresh_token },
      credentialExpiresIn: paths.refresh_token_expires_in,
    }),
    extra: settings.extra,
    expiresInUnit: settings.expires_in_unit,
    expiresAtFormat: settings.expires_at_format,
    zeroSaysNothing: true,
    ...(settings.success_statuses !== undefined && { successStatuses: settings.success_statuses }),
    ...(settings.success_when !== undefined && { successWhen: settings.success_when }),
  };
}

/** How a failure is read, of whichever endpoint of the provider. */
export function errorReadingOf(settings: OAuth2Settings): Reading {
  return {
    accessToken: settings.paths.access_token,
    formEncoded: true,
    error: settings.paths.error,
    meanings: settings.errors,
    codes: codesOfRfc,
    reasons: reasonsOfStatuses(settings),
    individual,
  };
}
