import type { Clock } from '@app/common';
import type { OpenAttempt, Spool } from '@app/connections';
import type { AttemptOptions, Provider, ProviderRegistry, RefreshExchange } from '@app/providers';
import { describe, expect, it } from '@jest/globals';
import type { AttemptLease } from './attempt.lease.js';
import { AttemptSender } from './attempt.sender.js';
import type { Admission } from './health/circuit.js';
import { SendSlots } from './send.slots.js';
import { newOpenAttempt } from './testing/open-attempt.js';
import { NOW } from './testing/new-connection.js';

const ADMITTED: Admission = { probeFirst: false, stands: () => true, end: () => undefined };
const OK = { outcome: { kind: 'ok', status: 200, grant: {} }, durationMs: 1 };

/** How an attempt was sent. */
async function optionsOf(attempt: OpenAttempt, step: 'refresh' | 'relogin'): Promise<AttemptOptions> {
  const seen: AttemptOptions[] = [];
  const exchange = {
    send: async (_provider: Provider, _step: unknown, _credential: unknown, options: AttemptOptions) => {
      seen.push(options);
      return OK;
    },
  };
  const sut = new AttemptSender(
    { lastWord: () => ({ onConnected: async () => true, mayWrite: () => true }) } as unknown as AttemptLease,
    new SendSlots(),
    { require: () => ({}) } as unknown as ProviderRegistry,
    exchange as unknown as RefreshExchange,
    {} as Spool,
    { now: () => NOW } as Clock,
  );
  await sut.send({ ...attempt, step }, step, ADMITTED, performance.now());
  return seen[0] as AttemptOptions;
}

describe(AttemptSender.name, () => {
  const scheduled = newOpenAttempt({ trigger: 'schedule', oneShot: false, irretrievable: false });

  it('should let what may be repeated, and nobody waits for, go over a connection that stands', async () => {
    expect(await optionsOf(scheduled, 'refresh')).toMatchObject({ keepAlive: true });
  });

  it.each<readonly [string, 'refresh' | 'relogin', Partial<OpenAttempt>]>([
    ['what can be sent only once', 'refresh', { oneShot: true, irretrievable: true }],
    ['a token that renews itself', 'refresh', { irretrievable: true }],
    ['a log-in', 'relogin', {}],
    ['what a caller waits for', 'refresh', { trigger: 'caller' }],
    ['what an operator waits for', 'refresh', { trigger: 'admin' }],
    ['a token that a caller reported', 'refresh', { trigger: 'report' }],
  ])('should send %s over a connection of its own', async (_what, step, overrides) => {
    expect(await optionsOf({ ...scheduled, ...overrides }, step)).toMatchObject({ keepAlive: false });
  });
});
