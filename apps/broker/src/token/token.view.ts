import type { IssuedToken } from '@app/tokens';
import { toTime } from '../http/time.js';
import type { TokenView } from './token.dto.js';

/** An issued token in the words of the HTTP contract. */
export const toTokenView = (token: IssuedToken): TokenView => ({
  provider: token.provider,
  connection: token.connection,
  access_token: token.accessToken,
  token_type: token.tokenType,
  authorization: `${token.tokenType} ${token.accessToken}`,
  expires_in: token.expiresInSeconds,
  expires_at: toTime(token.expiresAt),
  issued_at: toTime(token.issuedAt),
  generation: token.generation,
  source: token.source,
  extra: token.extra,
  warnings: token.warnings,
});
