import type { Secret } from '@app/common';
import type { Envelopes } from '@app/crypto';
import type { Failure, Granted, Traits } from '@app/providers';
import type { OpenAttempt } from '../attempt.js';
import { openToken, type SealedToken } from '../sealing.js';
import type { KnownAnswer } from './knowledge.js';
import type { IssuedHolding, NewHolding } from './reconciled.repository.js';

/** Taken off every lifetime, as everywhere (providers.md, "What holds for all"). */
const SAFETY_MS = 5000;
const SOONEST_MS = 1000;

/** An answer that brought a new credential. */
export type Usable = Granted | (Failure & { readonly salvaged: Readonly<Record<string, Secret>> });

/** What the database holds of a connection, opened. `generation` is that of the row, the attempt's is the one that it consumed. */
export interface Held {
  readonly attempt: OpenAttempt;
  readonly generation: number;
}

/** True for an answer that brought a new credential, with or without a token. */
export const isUsable = (outcome: Granted | Failure): outcome is Usable =>
  outcome.kind === 'ok' || outcome.salvaged !== undefined;

/** What a connection holds once this answer is adopted. A token that has died since leaves the old one in its place. */
export async function holdingOf(
  held: Held,
  outcome: Usable,
  answer: KnownAnswer,
  traits: Traits,
  now: Date,
  envelopes: Envelopes,
): Promise<NewHolding> {
  const fields = outcome.kind === 'ok' ? outcome.grant.credential : outcome.salvaged;
  const credential = { ...held.attempt.held, ...fields };
  const generation = answer.generation + 1;
  const credentialStoredAt = new Date(answer.answeredAt);
  const lifetimeSeconds =
    outcome.kind === 'ok' ? Math.floor(outcome.grant.expiresInSeconds ?? traits.defaultTtlSeconds) : 0;
  const livesMs = lifetimeSeconds * 1000 - Math.max(0, now.getTime() - answer.sentAt) - SAFETY_MS;
  if (outcome.kind !== 'ok' || livesMs <= 0) {
    const issued = { credentialStoredAt, refreshAt: now };
    return { generation, credential, token: await heldToken(held, envelopes), issued };
  }
  const { accessToken, tokenType, extra } = outcome.grant;
  const issued: IssuedHolding = {
    credentialStoredAt,
    refreshAt: new Date(now.getTime() + Math.max(SOONEST_MS, livesMs * traits.refreshAt)),
    token: { issuedAt: credentialStoredAt, expiresAt: new Date(now.getTime() + livesMs), lifetimeSeconds },
  };
  return {
    generation,
    credential,
    token: { access_token: accessToken.reveal(), token_type: tokenType, extra },
    issued,
  };
}

/** The same credential and token, as another generation: what is stored later must not be taken for what was used. */
export const renumbered = async (held: Held, generation: number, envelopes: Envelopes): Promise<NewHolding> => ({
  generation,
  credential: held.attempt.held,
  token: await heldToken(held, envelopes),
});

async function heldToken({ attempt, generation }: Held, envelopes: Envelopes): Promise<SealedToken | null> {
  const { connectionId, sealedToken } = attempt;
  const place = { table: 'connections', row: connectionId, generation } as const;
  return sealedToken === null ? null : openToken(envelopes, place, sealedToken);
}
