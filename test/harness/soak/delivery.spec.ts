import { describe, expect, it } from '@jest/globals';
import { type Delivery, deliveryOf } from './delivery.js';
import type { Life } from './life.js';
import { newCase, newLife, newRequest, START } from './testing/new-case.js';
import { TIMING } from './times.js';

type Case = readonly [what: string, Parameters<typeof newRequest>[0], Partial<Life>, Delivery];

const cut = { delivered: false, status: null, answeredAt: null } as const;

describe('deliveryOf', () => {
  it.each<Case>([
    ['an answer that a living broker read', {}, {}, 'delivered'],
    ['one that was read long before the kill', {}, { killedAt: START + 2000 }, 'delivered'],
    ['one that was read just before the kill', {}, { killedAt: START + 50 }, 'in_hand'],
    [
      'one that was read before a freeze that ended with the kill',
      {},
      { killedAt: START + 2000, freezes: [{ from: START + 50, to: 2000 + START }] },
      'in_hand',
    ],
    ['one that was written to somebody dead', { answeredAt: START + 900 }, { killedAt: START + 500 }, 'killed'],
    ['one that nobody was there for', { ...cut, closedAt: START + 500 }, { killedAt: START + 499 }, 'killed'],
    ['one that a fault took away', { ...cut, fault: 'lost' }, {}, 'taken_away'],
    ['one that a fault took away before the kill', { ...cut, fault: 'lost' }, { killedAt: START + 3 }, 'taken_away'],
    [
      'one that came after the deadline',
      { ...cut, fault: 'slow', closedAt: START + TIMING.deadlineMs },
      {},
      'too_slow',
    ],
    [
      'one that was there in time and that a frozen process threw away',
      { delivered: false, fault: 'slow', answeredAt: START + 1500, closedAt: START + 3500 },
      { freezes: [{ from: START + 1000, to: START + 3400 }] },
      'left_unread',
    ],
  ])('should know where it stayed: %s', (_what, request, life, delivery) => {
    const one = newRequest(request);
    expect(deliveryOf(one, newCase([one]), [newLife(life)])).toBe(delivery);
  });

  it('should ask whether the sender was killed, not somebody else', () => {
    const one = newRequest({ ...cut, closedAt: START + 500 });
    const other = newLife({ id: 'other', killedAt: START + 499 });
    expect(deliveryOf(one, newCase([one]), [newLife(), other])).toBe('left_unread');
  });

  it('should take for a kill what ended the connection, also where the upstream saw that end late', () => {
    const one = newRequest({ answeredAt: START + 10, closedAt: START + 100 });
    expect(deliveryOf(one, newCase([one]), [newLife({ killedAt: START + 43 })])).toBe('in_hand');
  });

  it('should not take for lost what lies on the disk of the killed process', () => {
    const one = newRequest();
    const sut = newCase([one], { spooled: new Set(['attempt']) });
    expect(deliveryOf(one, sut, [newLife({ killedAt: START + 50 })])).toBe('delivered');
  });
});
