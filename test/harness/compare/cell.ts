import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GrantRecord, Upstream, UpstreamKind } from '../upstream/index.js';
import type { Contender, Party, Stage } from './contender.js';
import type { ComparedFault } from './fault.js';
import { answerNeverArrived, type Outcome, sendsOf } from './outcome.js';
import { play } from './play.js';
import { createDatabase } from './server-database.js';
import { TIMES } from './times.js';

/** One cell of the table. */
export interface Cell {
  readonly contender: Contender;
  readonly fault: ComparedFault;
  readonly kind: UpstreamKind;
}

/** What all cells share. */
export interface Ground {
  readonly upstream: Upstream;
  /** Connection string of the server's superuser. */
  readonly server: string;
  /** Whose processes run now. */
  readonly playing: Set<Party>;
}

/** Plays one cell, on a database and a grant of its own; one that cannot be played is told as broken. */
export async function playCell(cell: Cell, ground: Ground): Promise<Outcome> {
  const { contender, fault, kind } = cell;
  const grant = await ground.upstream.issue(kind, {
    accessTokenSeconds: TIMES.issuedSeconds,
    graceSeconds: TIMES.graceSeconds,
  });
  const name = `compare_${randomBytes(6).toString('hex')}`;
  const database = await createDatabase(ground.server, name, contender.template);
  const stage: Stage = { upstream: ground.upstream, grant, database, fault };
  let party: Party | undefined;
  try {
    party = await contender.enter(stage);
    ground.playing.add(party);
    return await judge(cell, stage, party);
  } catch (error) {
    return { ...UNPLAYED, contender: contender.id, fault: fault.id, kind, broken: String(error) };
  } finally {
    if (party !== undefined) {
      await party.leave();
      ground.playing.delete(party);
    }
    await database.drop();
  }
}

const UNPLAYED = {
  sends: 0,
  reuses: 0,
  oldTokenAlive: false,
  renewed: false,
  kept: false,
  unavoidable: false,
  sendsAtEnd: 0,
  reusesAtEnd: 0,
  asked: 0,
  answered: 0,
};

/** The two halves of a cell: while the old access token has life left, and after its end. */
async function judge({ contender, fault, kind }: Cell, stage: Stage, party: Party): Promise<Outcome> {
  const { upstream, grant } = stage;
  const token = (await upstream.record(grant.grantId)).newest;
  const load = await play(contender, stage, party);
  await load.stop();
  const before = await upstream.record(grant.grantId);
  const oldTokenAlive = await upstream.accessTokenAlive(grant.accessToken);
  const known = new Set([...load.seen.tokens, grant.accessToken]);
  const kept = await renewsAtEnd(stage, party, known);
  const after = await upstream.record(grant.grantId);
  return {
    contender: contender.id,
    fault: fault.id,
    kind,
    sends: sendsOf(before, token),
    reuses: before.reuses.length,
    oldTokenAlive,
    renewed: [...load.seen.tokens].some((seen) => seen !== grant.accessToken),
    kept,
    unavoidable: kind === 'strict' && fault.takesAnswer === true && answerNeverArrived(before, token),
    sendsAtEnd: sendsOf(after, token) - sendsOf(before, token),
    reusesAtEnd: after.reuses.length - before.reuses.length,
    asked: load.seen.asked,
    answered: load.seen.answered,
  };
}

/** True where callers get a new access token, and one that the provider accepts, once the stored one has ended. */
async function renewsAtEnd({ upstream, grant }: Stage, party: Party, known: ReadonlySet<string>): Promise<boolean> {
  const isLost = async (): Promise<boolean> => isRevoked(await upstream.record(grant.grantId));
  await party.endToken();
  const end = performance.now() + TIMES.end;
  while (performance.now() < end && !(await isLost())) {
    for (const replica of party.replicas) {
      const token = await replica.ask();
      if (token !== undefined && !known.has(token)) {
        return (await upstream.accessTokenAlive(token)) && !(await isLost());
      }
    }
    await sleep(TIMES.askEvery);
  }
  return false;
}

const isRevoked = ({ revoked }: GrantRecord): boolean => revoked;
