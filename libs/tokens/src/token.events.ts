import type { AuditEvent, AuditOrigin } from '@app/audit';
import type { BrokerError } from '@app/common';
import type { IssuedToken, TokenRequest } from './token-request.js';
import type { Obtained } from './token.source.js';

/** What the log says of a token before it leaves. */
export const issuedEvent = ({ connection: held, source }: Obtained, origin: AuditOrigin): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  provider: held.provider,
  connection: held.connection,
  generation: held.generation,
  reason: source,
  tokenFingerprint: held.token.fingerprint,
  tokenExpiresAt: held.token.expiresAt,
  ...origin,
});

/** What it says of a request that gets none; `refusal` is undefined where something failed that nothing expected. */
export const refusedEvent = (
  refusal: BrokerError | undefined,
  request: TokenRequest,
  origin: AuditOrigin,
): AuditEvent => ({
  action: 'token.refused',
  outcome: 'refused',
  provider: request.provider,
  connection: request.connection,
  reason: refusal?.code ?? 'internal_error',
  upstreamStatus: refusal?.facts.upstream?.status ?? null,
  ...origin,
});

/** What it says of a token whose asker was gone when the answer was sent. */
export const undeliveredEvent = (token: IssuedToken, origin: AuditOrigin): AuditEvent => ({
  action: 'token.undelivered',
  outcome: 'failed',
  provider: token.provider,
  connection: token.connection,
  generation: token.generation,
  reason: 'caller_gone',
  tokenFingerprint: token.fingerprint,
  tokenExpiresAt: token.expiresAt,
  ...origin,
});
