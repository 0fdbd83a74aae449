import type { Credential, CredentialFacts, IssuedToken } from './credential.js';

/** What may be shown of a credential; `isLive` judges a token now. */
export function credentialFacts(credential: Credential, isLive: (token: IssuedToken) => boolean): CredentialFacts {
  const kinds = [...new Set(credential.tokens.map(({ kind }) => kind))];
  const tokens = kinds.map((kind) => {
    const live = credential.tokens.filter((token) => token.kind === kind && isLive(token));
    const ends = live.map(({ expiresAt }) => expiresAt ?? Number.POSITIVE_INFINITY);
    const last = Math.max(0, ...ends);
    const expires = last === 0 || last === Number.POSITIVE_INFINITY ? null : new Date(last).toISOString();
    return [kind, { live: live.length, expires_at: expires }];
  });
  return {
    id: credential.id,
    provider: credential.provider,
    issued_at: credential.issuedAt,
    behaviour: credential.behaviour,
    keys: credential.keysRevoked ? 'revoked' : 'live',
    tokens: Object.fromEntries(tokens),
  };
}
