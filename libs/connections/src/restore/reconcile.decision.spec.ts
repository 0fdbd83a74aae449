import { describe, expect, it } from '@jest/globals';
import type { Knowledge, KnownAnswer, KnownSend } from './knowledge.js';
import { decideReconcile } from './reconcile.decision.js';

const answer = (generation: number): KnownAnswer => ({
  attempt: `a-${generation}`,
  generation,
  sentAt: 1000,
  answeredAt: 2000,
  read: () => Promise.reject(new Error('A decision reads nothing.')),
});
const sent = (generation: number): KnownSend => ({ attempt: `s-${generation}`, generation, sentAt: 3000 });

const decide = (knowledge: Knowledge, state: 'uncertain' | 'reauthorization_required' = 'uncertain') =>
  decideReconcile({ generation: 9, state }, knowledge);

describe(decideReconcile.name, () => {
  it.each<[string, Knowledge]>([
    ['nothing', {}],
    ['an older answer', { answer: answer(8), usedUpTo: 8 }],
    ['an older send', { sent: sent(8) }],
  ])('should release what is not known to be used: %s', (_, knowledge) => {
    expect(decide(knowledge)).toEqual({ kind: 'release' });
  });

  it.each([9, 12])('should adopt an answer of generation %i', (generation) => {
    const knowledge = { answer: answer(generation), usedUpTo: generation, sent: sent(generation) };
    expect(decide(knowledge)).toMatchObject({ kind: 'adopt', answer: { generation }, sent: undefined });
  });

  it('should adopt an answer and tell that its own credential was sent, too', () => {
    expect(decide({ answer: answer(12), usedUpTo: 12, sent: sent(13) })).toMatchObject({
      kind: 'adopt',
      answer: { generation: 12 },
      sent: { generation: 13 },
    });
  });

  it('should not adopt an answer whose credential was used by somebody whose answer is lost', () => {
    expect(decide({ answer: answer(10), usedUpTo: 11 })).toEqual({ kind: 'used', generation: 11 });
    expect(decide({ answer: answer(10), usedUpTo: 10, sent: sent(12) })).toEqual({ kind: 'used', generation: 12 });
  });

  it('should leave it to recovery where the held credential was sent and nobody knows what became of it', () => {
    expect(decide({ sent: sent(9) })).toEqual({ kind: 'suspect', sent: sent(9) });
  });

  it.each<[string, Knowledge]>([
    ['held', { usedUpTo: 9 }],
    ['held, and sent besides', { usedUpTo: 9, sent: sent(9) }],
    ['a later one', { usedUpTo: 11, sent: sent(9) }],
    ['a later one, only sent', { sent: sent(11) }],
  ])('should ask for a new credential where one was used and nothing is at hand: %s', (_, knowledge) => {
    expect(decide(knowledge)).toMatchObject({ kind: 'used' });
  });

  describe('for a connection that lost its credential before', () => {
    it.each<[string, Knowledge]>([
      ['nothing', {}],
      ['a use', { usedUpTo: 9 }],
      ['a send', { sent: sent(9) }],
    ])('should leave it where nothing better is known: %s', (_, knowledge) => {
      expect(decide(knowledge, 'reauthorization_required')).toEqual({ kind: 'leave' });
    });

    it('should adopt an answer that turned up since', () => {
      const knowledge = { answer: answer(9), usedUpTo: 9 };
      expect(decide(knowledge, 'reauthorization_required')).toMatchObject({ kind: 'adopt' });
    });
  });
});
