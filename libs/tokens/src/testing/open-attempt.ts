import { Secret } from '@app/common';
import type { OpenAttempt } from '@app/connections';
import { NOW } from './new-connection.js';

/** An attempt at a strict refresh of `klavi/acme` in its seventh generation. */
export const newOpenAttempt = (overrides: Partial<OpenAttempt> = {}): OpenAttempt => ({
  id: '00000000-0000-4000-8000-0000000000a1',
  connectionId: '00000000-0000-4000-8000-000000000001',
  provider: 'klavi',
  connection: 'acme',
  type: 'oauth2',
  generation: 7,
  fence: '4',
  step: 'refresh',
  trigger: 'caller',
  origin: { actor: { type: 'system' } },
  oneShot: true,
  irretrievable: true,
  epoch: 12,
  consecutiveFailures: 0,
  credentialSince: 1,
  version: 1,
  providerVersion: 1,
  credentialStoredAt: NOW - 600_000,
  sharedSecrets: ['client_secret'],
  tokenExpiresAt: null,
  sealedToken: null,
  held: { refresh_token: new Secret('refresh-7') },
  effective: {
    settings: {},
    secrets: { client_secret: new Secret('client-secret'), refresh_token: new Secret('refresh-7') },
  },
  ...overrides,
});
