import { Injectable } from '@nestjs/common';
import type { Secret } from '@app/common';
import { EnvelopeError, Envelopes } from '@app/crypto';
import { Database } from '@app/database';
import type { Failure, Grant, GrantStep } from '@app/providers';
import { ADOPT, REOPEN, SALVAGE } from './adoption.statements.js';
import type { Adopted, Adoption, OpenAttempt } from './attempt.js';
import { type OpenedRow, toOpenAttempt } from './attempt-row.js';
import { aloneWhereRefused, GatheredStatements, inLockOrder } from './gathered-statements.js';
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
  readonly attempt_id: string;
  readonly adopted: boolean;
  readonly known: boolean;
}

/** What is adopted, sealed for the next generation. */
interface SealedAdoption {
  readonly attempt: OpenAttempt;
  readonly adoption: Adoption;
  readonly fields: readonly string[];
  readonly credential: Buffer;
  readonly token: Buffer;
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
  readonly #adoptions = new GatheredStatements<SealedAdoption, FoundAdoption | undefined>(
    aloneWhereRefused((sealed) => this.#adopt(sealed)),
  );

  constructor(
    private readonly database: Database,
    private readonly envelopes: Envelopes,
  ) {}

  /** The attempt as it is adopted, without a lease; undefined where its connection is gone. */
  async reopen({ attemptId, connectionId, generation }: KeptAttempt): Promise<OpenAttempt | undefined> {
    const row = await this.#reopenedRow(attemptId, connectionId);
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
   * Stores what the provider issued and closes the attempt, in one commit, together with what others issued at the same time. It asks
   * which generation was consumed, not who holds the lease. Where that generation is no longer the current one, the answer is kept as
   * a spare.
   */
  async adopt(attempt: OpenAttempt, adoption: Adoption): Promise<Adopted> {
    const { connectionId: row, generation, held } = attempt;
    const { grant } = adoption;
    const credential = { ...held, ...grant.credential };
    const sealed = await this.#seal({ table: 'connections', row, generation: generation + 1 }, credential, grant);
    const fields = Object.keys(credential);
    const found = await this.#adoptions.ask({ attempt, adoption, fields, ...sealed });
    if (found?.adopted === true || found?.known === true) {
      return found.adopted ? 'adopted' : 'known';
    }
    // An operator changed the connection meanwhile, but not what was consumed; or a late answer came first.
    const current = await this.#remerged(attempt);
    return current === undefined ? this.#keepSpare(attempt, adoption) : this.adopt(current, adoption);
  }

  async #adopt(sealed: readonly SealedAdoption[]): Promise<(FoundAdoption | undefined)[]> {
    const inOrder = sealed.toSorted((one, other) => inLockOrder(one.attempt.connectionId, other.attempt.connectionId));
    const of = (value: (one: SealedAdoption) => unknown): unknown[] => inOrder.map(value);
    const values = [
      of(({ attempt }) => attempt.connectionId),
      of(({ attempt }) => attempt.generation),
      of(({ credential }) => credential),
      of(({ fields }) => JSON.stringify(fields)),
      of(({ adoption }) => Object.keys(adoption.grant.credential).length > 0),
      of(({ token }) => token),
      of(({ adoption }) => Math.round(adoption.livesMs)),
      of(({ adoption }) => adoption.lifetimeSeconds),
      of(({ adoption }) => Math.round(adoption.refreshInMs)),
      of(({ attempt }) => attempt.fence),
      of(({ attempt }) => attempt.id),
      of(({ adoption }) => adoption.status),
      of(({ adoption }) => Math.round(adoption.durationMs)),
      of(({ attempt }) => attempt.version),
    ];
    const rows = await this.database.adopt<FoundAdoption>({ ...ADOPT, values });
    const found = new Map(rows.map((row) => [row.attempt_id, row]));
    return sealed.map(({ attempt }) => found.get(attempt.id));
  }

  async #keepSpare(
    attempt: OpenAttempt,
    { grant, status, livesMs, lifetimeSeconds, durationMs }: Adoption,
  ): Promise<Adopted> {
    const { id, connectionId, generation, fence } = attempt;
    const spare = await this.#seal({ table: 'spares', row: id, generation }, grant.credential, grant);
    const kept = [connectionId, generation, spare.credential, spare.token, Math.round(livesMs), lifetimeSeconds];
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
    const [found] = await this.database.adopt<{ salvaged: boolean }>({ ...SALVAGE, values });
    if (found?.salvaged === true) {
      return true;
    }
    const current = await this.#remerged(attempt);
    return current !== undefined && this.salvage(current, fields, failure, retryInMs, durationMs);
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

  /**
   * The attempt with what the connection holds beside what was consumed, as an operator changed it meanwhile; undefined where what
   * was consumed is not what it holds any more. Read behind the statement that did not find it: that one's own view of the
   * connection is older than the change that it waited for.
   */
  async #remerged(attempt: OpenAttempt): Promise<OpenAttempt | undefined> {
    const row = await this.#reopenedRow(attempt.id, attempt.connectionId);
    if (row?.generation !== attempt.generation) {
      return undefined;
    }
    const { held, sealedToken, version } = await toOpenAttempt(row, attempt, this.envelopes);
    return { ...attempt, held, sealedToken, version };
  }

  async #reopenedRow(attemptId: string, connectionId: string): Promise<ReopenedRow | undefined> {
    const [row] = await this.database.adopt<ReopenedRow>({ ...REOPEN, values: [connectionId, attemptId] });
    return row;
  }

  /** The token of the generation that the attempt consumes; null where there is none, or none that opens. */
  async #heldToken({ connectionId: row, generation, sealedToken }: OpenAttempt): Promise<SealedToken | null> {
    const place = { table: 'connections', row, generation } as const;
    return sealedToken === null ? null : unlessSealed(() => openToken(this.envelopes, place, sealedToken));
  }

  async #seal(
    place: Parameters<typeof sealFields>[1],
    credential: Readonly<Record<string, Secret>>,
    { accessToken, tokenType, extra }: Grant,
  ): Promise<{ readonly credential: Buffer; readonly token: Buffer }> {
    const token = { access_token: accessToken.reveal(), token_type: tokenType, extra };
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
