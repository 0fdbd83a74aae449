import { Secret, toSecrets } from '@app/common';
import { Envelopes, generateKeyFile, Keyring } from '@app/crypto';
import { failed, type Granted, type Traits } from '@app/providers';
import { describe, expect, it } from '@jest/globals';
import type { OpenAttempt } from '../attempt.js';
import { sealToken } from '../sealing.js';
import type { KnownAnswer } from './knowledge.js';
import { type Held, holdingOf, isUsable, renumbered } from './reconcile.holding.js';

const NOW = new Date('2026-11-21T10:00:00Z');
const MINUTE = 60_000;
const envelopes = new Envelopes(new Keyring(generateKeyFile()));

const traits: Traits = {
  rotation: 'strict',
  rolling: 'none',
  oldTokenSurvives: null,
  introspection: false,
  relogin: [],
  unprocessedStatuses: [],
  refreshAt: 0.8,
  defaultTtlSeconds: 600,
  tokenType: 'Bearer',
};
const oldToken = { access_token: 'old', token_type: 'Bearer', extra: {} };

const newHeld = async (): Promise<Held> => {
  const place = { table: 'connections', row: 'c-1', generation: 9 } as const;
  const attempt: OpenAttempt = {
    id: 'a-1',
    connectionId: 'c-1',
    provider: 'xero',
    connection: 'acme',
    type: 'oauth2',
    generation: 12,
    fence: '3',
    step: 'refresh',
    trigger: 'schedule',
    origin: { actor: { type: 'system' } },
    oneShot: true,
    irretrievable: true,
    epoch: 40,
    consecutiveFailures: 0,
    credentialSince: 1,
    version: 1,
    providerVersion: 1,
    credentialStoredAt: 0,
    sharedSecrets: [],
    tokenExpiresAt: null,
    sealedToken: await sealToken(envelopes, place, oldToken),
    held: toSecrets({ refresh_token: 'r9', own: 'kept' }),
    effective: { settings: {}, secrets: {} },
  };
  return { attempt, generation: 9 };
};
const answerAgo = (minutes: number): KnownAnswer => ({
  attempt: 'a-1',
  generation: 12,
  sentAt: NOW.getTime() - minutes * MINUTE,
  answeredAt: NOW.getTime() - minutes * MINUTE + 300,
  read: () => Promise.reject(new Error('It is read already.')),
});
const granted = (expiresInSeconds: number | null): Granted => ({
  kind: 'ok',
  status: 200,
  grant: {
    accessToken: new Secret('new'),
    tokenType: 'Bearer',
    expiresInSeconds,
    expiryClamped: false,
    credential: toSecrets({ refresh_token: 'r13' }),
    extra: { id: '7' },
  },
});
const revealed = (fields: Readonly<Record<string, Secret>>) =>
  Object.fromEntries(Object.entries(fields).map(([name, secret]) => [name, secret.reveal()]));

describe(holdingOf.name, () => {
  it('should put the new credential on top of the old one, under the generation that follows the answer', async () => {
    const holding = await holdingOf(await newHeld(), granted(3600), answerAgo(10), traits, NOW, envelopes);
    expect(holding.generation).toBe(13);
    expect(revealed(holding.credential)).toEqual({ refresh_token: 'r13', own: 'kept' });
    expect(holding.issued?.credentialStoredAt).toEqual(new Date(answerAgo(10).answeredAt));
  });

  it('should count the life of the token from the send', async () => {
    const { token, issued } = await holdingOf(await newHeld(), granted(3600), answerAgo(10), traits, NOW, envelopes);
    const livesMs = 50 * MINUTE - 5000;
    expect(token).toEqual({ access_token: 'new', token_type: 'Bearer', extra: { id: '7' } });
    expect(issued).toMatchObject({
      refreshAt: new Date(NOW.getTime() + livesMs * 0.8),
      token: { expiresAt: new Date(NOW.getTime() + livesMs), lifetimeSeconds: 3600 },
    });
  });

  it.each([
    ['stated', 300],
    ['of the type', null],
  ])('should leave the old token in the place of one that has died by the lifetime %s', async (_, seconds) => {
    const { token, issued } = await holdingOf(await newHeld(), granted(seconds), answerAgo(10), traits, NOW, envelopes);
    expect(token).toEqual(oldToken);
    expect(issued).toEqual({ credentialStoredAt: new Date(answerAgo(10).answeredAt), refreshAt: NOW });
  });

  it('should take the credential of an answer that brought no token', async () => {
    const outcome = { ...failed('no_token', 200), salvaged: toSecrets({ refresh_token: 'r13' }) };
    expect(isUsable(outcome)).toBe(true);
    const holding = isUsable(outcome)
      ? await holdingOf(await newHeld(), outcome, answerAgo(1), traits, NOW, envelopes)
      : undefined;
    expect(revealed(holding!.credential)).toEqual({ refresh_token: 'r13', own: 'kept' });
    expect(holding?.token).toEqual(oldToken);
  });

  it('should not take an answer that brought nothing', () => {
    expect([isUsable(failed('no_token', 200)), isUsable(failed('invalid_grant', 400))]).toEqual([false, false]);
  });
});

describe(renumbered.name, () => {
  it('should change the generation and nothing else', async () => {
    const { credential, ...rest } = await renumbered(await newHeld(), 12, envelopes);
    expect(rest).toEqual({ generation: 12, token: oldToken });
    expect(revealed(credential)).toEqual({ refresh_token: 'r9', own: 'kept' });
  });
});
