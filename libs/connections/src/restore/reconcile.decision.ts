import type { Candidate, Knowledge, KnownAnswer, KnownSend } from './knowledge.js';

/** What is to become of a connection whose database was restored. */
export type ReconcileDecision =
  /** Nobody knows of a use of its credential: it is as good as it was. */
  | { readonly kind: 'release' }
  /** A newer credential is at hand; where that one was sent, too, nobody knows what became of it. */
  | { readonly kind: 'adopt'; readonly answer: KnownAnswer; readonly sent: KnownSend | undefined }
  /** Its credential was sent, and nobody knows what became of it. */
  | { readonly kind: 'suspect'; readonly sent: KnownSend }
  /** Its credential was used, and what came for it is not at hand. */
  | { readonly kind: 'used'; readonly generation: number }
  /** Nothing new is known of it. */
  | { readonly kind: 'leave' };

/** Compares what the database holds with what is known outside it: the newest knowledge wins. */
export function decideReconcile(
  { generation: held, state }: Pick<Candidate, 'generation' | 'state'>,
  { answer: newest, sent, usedUpTo = 0 }: Knowledge,
): ReconcileDecision {
  const answer = newest !== undefined && newest.generation >= held ? newest : undefined;
  /** The generation that can be held after this. */
  const best = answer === undefined ? held : answer.generation + 1;
  const used = Math.max(usedUpTo, (sent?.generation ?? 0) > best ? (sent?.generation ?? 0) : 0);
  if (used >= best) {
    return state === 'reauthorization_required' ? { kind: 'leave' } : { kind: 'used', generation: used };
  }
  const open = sent?.generation === best ? sent : undefined;
  if (answer !== undefined) {
    return { kind: 'adopt', answer, sent: open };
  }
  if (state === 'reauthorization_required') {
    return { kind: 'leave' };
  }
  return open === undefined ? { kind: 'release' } : { kind: 'suspect', sent: open };
}
