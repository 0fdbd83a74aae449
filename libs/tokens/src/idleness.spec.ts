import { describe, expect, it } from '@jest/globals';
import { keepAliveAt } from './idleness.js';
import { newConnection, newToken, newTokenless, NOW, TRAITS } from './testing/new-connection.js';

const traits = { ...TRAITS, rotation: 'strict' } as const;
const ISSUED_AT = NOW - 600_000;
const DAY_MS = 86_400_000;

describe(keepAliveAt.name, () => {
  it('should leave a strict connection alone that nobody used in the life of its token', () => {
    expect(keepAliveAt(newConnection({ traits }))).toBe(ISSUED_AT + 7 * DAY_MS);
    expect(keepAliveAt(newConnection({ traits, lastUsedAt: ISSUED_AT - 1 }))).toBe(ISSUED_AT + 7 * DAY_MS);
  });

  it('should renew it well before its refresh token dies of disuse', () => {
    const known = { ...traits, idleSeconds: 30 * 86_400 };
    expect(keepAliveAt(newConnection({ traits: known }))).toBe(ISSUED_AT + 15 * DAY_MS);
  });

  it.each([
    ['used since its token was issued', newConnection({ traits, lastUsedAt: ISSUED_AT })],
    ['of a provider with which a repeat is safe', newConnection()],
    ['that lapses with its token', newConnection({ traits: { ...traits, rolling: 'credential' } })],
    ['without a token yet', newTokenless({ traits })],
    ['whose token lives too short to judge', newConnection({ traits, token: newToken({ lifetimeSeconds: 119 }) })],
    ['whose token an operator brought', newConnection({ traits, token: newToken({ lifetimeSeconds: null }) })],
  ])('should renew as usual a connection %s', (_what, connection) => {
    expect(keepAliveAt(connection)).toBeUndefined();
  });
});
