import { Secret } from '@app/common';
import type { Connection, HeldToken } from '@app/connections';
import type { Traits } from '@app/providers';
import type { WithToken } from '../freshness.js';

/** The moment at which the tests of this library take place; epoch ms. */
export const NOW = Date.parse('2026-11-21T10:00:00Z');

/** A token of one hour, issued ten minutes ago. */
export const newToken = (overrides: Partial<HeldToken> = {}): HeldToken => ({
  accessToken: new Secret('access-token'),
  fingerprint: 'fingerprint',
  tokenType: 'Bearer',
  extra: {},
  issuedAt: NOW - 600_000,
  expiresAt: NOW + 2_995_000,
  lifetimeSeconds: 3600,
  ...overrides,
});

/** An active connection in its seventh generation, with such a token, to be renewed in half an hour. */
export const newConnection = (overrides: Partial<WithToken> = {}): WithToken => ({ ...base, ...overrides });

/** The same without a token. */
export const newTokenless = (overrides: Partial<Connection> = {}): Connection => ({
  ...base,
  token: null,
  ...overrides,
});

/** A provider with which a repeat is safe. */
export const TRAITS: Traits = {
  rotation: 'static',
  rolling: 'none',
  oldTokenSurvives: null,
  introspection: false,
  relogin: [],
  unprocessedStatuses: [],
  refreshAt: 0.75,
  defaultTtlSeconds: 3600,
  tokenType: 'Bearer',
};

const base: WithToken = {
  id: '00000000-0000-4000-8000-000000000001',
  provider: 'klavi',
  connection: 'acme',
  type: 'klavi',
  state: 'active',
  trouble: null,
  generation: 7,
  fence: '3',
  leased: false,
  unsettled: null,
  token: newToken(),
  refreshAt: NOW + 1_800_000,
  retryAt: null,
  consecutiveFailures: 0,
  lastOutcome: 'ok',
  lastTrouble: null,
  lastStatus: null,
  nextStep: 'refresh',
  fields: new Set(['access_token']),
  settings: {},
  traits: TRAITS,
  providerTrouble: null,
  lastUsedAt: null,
  changedAt: NOW - 600_000,
  heldBytes: 1000,
};
