import { generateKeyPairSync } from 'node:crypto';
import { toSecrets } from '@app/common';
import type { OutboundAnswer } from '../../outbound/exchange.js';
import type { EffectiveCredential, Settings } from '../../provider.js';

/** What the plain case needs. */
export const PLAIN_SETTINGS = { token_url: 'https://auth.example/oauth/token', client_id: 'client' } as const;
export const PLAIN_SECRETS = { client_secret: 'secret', refresh_token: 'r1' } as const;

/** A credential of the type `oauth2`: the plain case with changes. */
export const newCredential = (settings: Settings = {}, secrets: Record<string, string> = {}): EffectiveCredential => ({
  settings: { ...PLAIN_SETTINGS, ...settings },
  secrets: toSecrets({ ...PLAIN_SECRETS, ...secrets }),
});

/** An answer with this body. */
export const newAnswer = (body: unknown, status = 200, rest: Partial<OutboundAnswer> = {}): OutboundAnswer => ({
  status,
  contentType: 'application/json',
  retryAfter: undefined,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...rest,
});

/** RSA keys to sign and verify with. */
export function newKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { publicKey, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
