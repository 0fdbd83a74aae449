import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditEvent } from '@app/audit';
import { RefusedRequests } from './refused-requests.js';

let events: AuditEvent[];
let isBroken: boolean;
let warnings: string[];
let sut: RefusedRequests;

beforeEach(() => {
  events = [];
  warnings = [];
  isBroken = false;
  const appendAll = async (more: readonly AuditEvent[]): Promise<void> => {
    if (isBroken) {
      throw new Error('broken');
    }
    events.push(...more);
  };
  const silent = { error: () => undefined, info: () => undefined, debug: () => undefined };
  sut = new RefusedRequests({ appendAll }, { ...silent, warn: (message) => void warnings.push(message) });
});

const byCaller = (caller: string) => ({ limit: 'caller', caller, keyId: 'aaaaaaaaaaaa' }) as const;
const total = (): number => events.reduce((sum, { count = 1 }) => sum + count, 0);

describe(RefusedRequests.name, () => {
  it('should record one row a caller and address, with its exact number', async () => {
    for (let made = 0; made < 5000; made += 1) {
      sut.add(made % 2 === 0 ? byCaller('billing') : { limit: 'source', clientIp: '10.0.0.1' });
    }
    await sut.flush();
    const facts = { action: 'request.rate_limited', outcome: 'refused', count: 2500 };
    expect(events).toEqual([
      {
        ...facts,
        actor: { type: 'caller', caller: 'billing', keyId: 'aaaaaaaaaaaa' },
        clientIp: null,
        reason: 'caller',
      },
      { ...facts, actor: { type: 'anonymous' }, clientIp: '10.0.0.1', reason: 'source' },
    ]);
  });

  it('should record and say nothing where nothing was refused', async () => {
    sut.add(byCaller('billing'));
    await sut.flush();
    await sut.flush();
    expect([events.length, warnings.length]).toEqual([1, 1]);
  });

  it('should share one row of each limit beyond 256 names, and lose none', async () => {
    for (let index = 0; index < 1000; index += 1) {
      sut.add({ limit: 'source', clientIp: `10.0.${index >> 8}.${index & 255}` });
      sut.add(byCaller(`caller-${index}`));
    }
    await sut.flush();
    expect(events.length).toBeLessThanOrEqual(258);
    expect(total()).toBe(2000);
    const shared = events.filter(({ count = 1 }) => count > 1);
    expect(shared.map(({ reason, actor, clientIp }) => [reason, actor, clientIp])).toEqual([
      ['source', { type: 'anonymous' }, null],
      ['caller', { type: 'anonymous' }, null],
    ]);
  });

  it('should keep what could not be written until it can, together with what came since', async () => {
    isBroken = true;
    sut.add(byCaller('billing'));
    await sut.flush();
    isBroken = false;
    sut.add(byCaller('billing'));
    await sut.flush();
    expect(events.map(({ count }) => count)).toEqual([2]);
  });
});
