import { Secret } from '@app/common';
import type { Adoption } from '@app/connections';

/** What a provider issued, ready to be adopted: an hour's token, and the credential's fields that came with it. */
export const newAdoption = (accessToken: string, credential: Readonly<Record<string, string>> = {}): Adoption => ({
  grant: {
    accessToken: new Secret(accessToken),
    tokenType: 'Bearer',
    expiresInSeconds: 3600,
    expiryClamped: false,
    credential: Object.fromEntries(Object.entries(credential).map(([name, value]) => [name, new Secret(value)])),
    extra: { transaction_id: '9007199254740993123' },
  },
  status: 200,
  livesMs: 3_595_000,
  lifetimeSeconds: 3600,
  refreshInMs: 2_700_000,
  durationMs: 7,
});
