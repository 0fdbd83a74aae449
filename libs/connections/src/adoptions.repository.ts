import { Injectable } from '@nestjs/common';
import type { Secret } from '@app/common';
import { EnvelopeError, Envelopes } from '@app/crypto';
import { Database } from '@app/database';
import type { Failure, GrantStep } from '@app/providers';
import { ADOPT, REOPEN, SALVAGE } from './adoption.statements.js';
import type { Adopted, Adoption, OpenAttempt } from './attempt.js';
import { type OpenedRow, toOpenAttempt } from './attempt-row.js';
import { openFields, openToken, sealFields, sealToken, type SealedToken } from './sealing.js';
import { KEEP_SPARE, NEWEST_SPARE, PROMOTE_SPARE } from './spare.statements.js';

type ReopenedRow = OpenedRow & { readonly attempt_fence: string; readonly step: GrantStep };

/** An attempt whose answer was kept elsewhere. */
export interface KeptAttempt {
  readonly attemptId: string;
  readonly connectionId: string;
  /** The generation that it consumed. */
  readonly generation: number;
}

interface FoundAdoption {
  readonly adopted: boolean;
  readonly known: boolean;
  readonly changed: boolean;
}

interface SpareRow {
  readonly id: string;
  readonly generation: number;
  readonly credential: Buffer;
  readonly token: Buffer;
  readonly token_lives: boolean;
}

const SYSTEM = { actor: { type: 'system' } } as const;

/** What providers answered, stored: what comes back is never lost to a late holder. */
@Injectable()
export class AdoptionsRepository {
  constructor(
    private readonly database: Database,
    private readonly envelopes: Envelopes,
  ) {}

  /** The attempt as it is adopted, without a lease; undefined where its connection is gone. */
  async reopen({ attemptId, connectionId, generation }: KeptAttempt): Promise<OpenAttempt | undefined> {
    const [row] = await this.database.adopt<ReopenedRow>({ ...REOPEN, values: [connectionId, attemptId] });
    if (row === undefined) {
      return undefined;
    }
    const request = {
      step: row.step,
      trigger: 'schedule',
      origin: SYSTEM,
      oneShot: false,
      irretrievable: true,
    } as const;
    return { ...(await toOpenAttempt(row, request, this.envelopes)), generation, fence: row.attempt_fence };
  }

  /**
   * Stores what the provider issued and closes the attempt, in one commit. It asks which generation was consumed, not who holds
   * the lease. Where that generation is no longer the current one, the answer is kept as a spare.
   */
  async adopt(attempt: OpenAttempt, adoption: Adoption): Promise<Adopted> {
    const { id, connectionId: row, generation, fence, held, version } = attempt;
    const { grant, status, livesMs, lifetimeSeconds, refreshInMs, durationMs } = adoption;
    const credential = { ...held, ...grant.credential };
    const token = { access_token: grant.accessToken.reveal(), token_type: grant.tokenType, extra: grant.extra };
    const sealed = await this.#seal({ table: 'connections', row, generation: generation + 1 }, credential, token);
    const which = [
      row,
      generation,
      sealed.credential,
      Object.keys(credential),
      Object.keys(grant.credential).length > 0,
    ];
    const lives = [sealed.token, Math.round(livesMs), lifetimeSeconds, Math.round(refreshInMs)];
    const values = [...which, ...lives, fence, id, status, Math.round(durationMs), version];
    const [found] = await this.database.adopt<FoundAdoption>({ ...ADOPT, values });
    if (found?.changed === true) {
      return this.adopt(await this.#remerged(attempt), adoption);
    }
    if (found?.adopted === true || found?.known === true) {
      return found.adopted ? 'adopted' : 'known';
    }
    const spare = await this.#seal({ table: 'spares', row: id, generation }, grant.credential, token);
    const kept = [row, generation, spare.credential, spare.token, Math.round(livesMs), lifetimeSeconds];
    const closed = [id, status, Math.round(durationMs), fence];
    await this.database.adopt({ ...KEEP_SPARE, values: [...kept, ...closed] });
    return 'spare';
  }

  /**
   * Stores what came with an answer that brought no usable token: the next generation's credential, with the old token. False
   * where the generation moved on.
   */
  async salvage(
    attempt: OpenAttempt,
    fields: Readonly<Record<string, Secret>>,
    failure: Failure,
    retryInMs: number,
    durationMs: number,
  ): Promise<boolean> {
    const { id, connectionId: row, generation, fence, held, version } = attempt;
    const credential = { ...held, ...fields };
    const next = { table: 'connections', row, generation: generation + 1 } as const;
    const token = await this.#heldToken(attempt);
    const which = [row, generation, await sealFields(this.envelopes, next, credential), Object.keys(credential)];
    const sealed = token === null ? null : await sealToken(this.envelopes, next, token);
    const kept = [sealed, Math.round(retryInMs), fence, id];
    const values = [...which, ...kept, failure.reason, failure.status, Math.round(durationMs), version];
    const [found] = await this.database.adopt<{ salvaged: boolean; changed: boolean }>({ ...SALVAGE, values });
    if (found?.changed === true) {
      return this.salvage(await this.#remerged(attempt), fields, failure, retryInMs, durationMs);
    }
    return found?.salvaged === true;
  }

  /** Puts the newest spare in the place of a refused credential and closes the attempt. False where there is none that opens. */
  async promoteSpare(attempt: OpenAttempt, failure: Failure, durationMs: number): Promise<boolean> {
    const { id, connectionId: row, generation, fence, held } = attempt;
    const [spare] = await this.database.adopt<SpareRow>({ ...NEWEST_SPARE, values: [row] });
    if (spare === undefined) {
      return false;
    }
    const place = { table: 'spares', row: spare.id, generation: spare.generation } as const;
    const granted = await unlessSealed(() => openFields(this.envelopes, place, spare.credential));
    if (granted === null) {
      return false;
    }
    const credential = { ...held, ...granted };
    const next = { table: 'connections', row, generation: generation + 1 } as const;
    const token = await (spare.token_lives
      ? unlessSealed(() => openToken(this.envelopes, place, spare.token))
      : this.#heldToken(attempt));
    const sealed = [
      await sealFields(this.envelopes, next, credential),
      Object.keys(credential),
      token === null ? null : await sealToken(this.envelopes, next, token),
    ];
    const which = [row, generation, ...sealed, spare.id, id, failure.reason, failure.status];
    const values = [...which, Math.round(durationMs), fence, spare.token_lives];
    const [found] = await this.database.adopt<{ promoted: boolean }>({ ...PROMOTE_SPARE, values });
    return found?.promoted === true;
  }

  /** The attempt with what the connection holds beside what was consumed, as an operator changed it meanwhile. */
  async #remerged(attempt: OpenAttempt): Promise<OpenAttempt> {
    const { id: attemptId, connectionId, generation } = attempt;
    const now = await this.reopen({ attemptId, connectionId, generation });
    return now === undefined
      ? attempt
      : { ...attempt, held: now.held, sealedToken: now.sealedToken, version: now.version };
  }

  /** The token of the generation that the attempt consumes; null where there is none, or none that opens. */
  async #heldToken({ connectionId: row, generation, sealedToken }: OpenAttempt): Promise<SealedToken | null> {
    const place = { table: 'connections', row, generation } as const;
    return sealedToken === null ? null : unlessSealed(() => openToken(this.envelopes, place, sealedToken));
  }

  async #seal(
    place: Parameters<typeof sealFields>[1],
    credential: Readonly<Record<string, Secret>>,
    token: SealedToken,
  ): Promise<{ readonly credential: Buffer; readonly token: Buffer }> {
    const [sealedCredential, sealedToken] = await Promise.all([
      sealFields(this.envelopes, place, credential),
      sealToken(this.envelopes, place, token),
    ]);
    return { credential: sealedCredential, token: sealedToken };
  }
}

/** What a sealed value holds, or null where it does not open: what follows must not fail for ever because of it. */
async function unlessSealed<Opened>(open: () => Promise<Opened>): Promise<Opened | null> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof EnvelopeError) {
      return null;
    }
    throw error;
  }
}
