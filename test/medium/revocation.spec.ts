import { AuditLog } from '@app/audit';
import { ApiKeyService, Authenticator, CallerService, NO_FIELDS } from '@app/callers';
import { Config } from '@app/config';
import { ConnectionService } from '@app/connections';
import { ChangeFeed, Database, DatabaseClock } from '@app/database';
import { type ErrorCode, isBrokerError, Log, type Secret } from '@app/common';
import { TokenService } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newInput } from '../support/connections.js';
import { HeldProvider, startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

const LANES = 10;
const ROUNDS = 10;
const READS = 6;
const SEED = 20261129;

/** Hears no news of other replicas and trusts its caches all the same: what a lost notification would do. */
class DeafFeed extends ChangeFeed {
  override isCurrent(): boolean {
    return true;
  }

  override async start(): Promise<void> {
    await super.start();
    this.stop();
  }
}

const startDeaf = (): Promise<TokenReplica> =>
  startTokenReplica(new HeldProvider(), {}, (builder) =>
    builder.overrideProvider(ChangeFeed).useFactory({
      inject: [Database, DatabaseClock, Log, Config],
      factory: (...needs: [Database, DatabaseClock, Log, Config]) => new DeafFeed(...needs),
    }),
  );

/** Numbers below one, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** One caller with its key and connection, whose right is taken and given back. */
interface Lane {
  readonly name: string;
  key: { readonly keyId: string; readonly key: Secret };
}

const REFUSALS: ReadonlySet<ErrorCode> = new Set(['not_found', 'unauthenticated', 'connection_paused']);

type Revocation = 'rule' | 'key' | 'pause';

describe('a revocation', () => {
  let reader: TokenReplica;
  let revoker: TokenReplica;

  /** When the last batch of each request began to be written: its commit is the last permission check. */
  const began = new Map<string, number>();

  beforeAll(async () => {
    [reader, revoker] = await Promise.all([startDeaf(), startDeaf()]);
    const log = reader.module.get(AuditLog);
    const append = log.append.bind(log);
    // A batch begins no earlier than its events are handed in: what is asserted of this moment holds for the batch.
    log.append = (event) => {
      began.set(event.requestId ?? '', performance.now());
      return append(event);
    };
  });

  afterAll(async () => {
    await reader.stop();
    await revoker.stop();
  });

  const rulesOf = (lane: Lane, rules: readonly string[]) =>
    revoker.module.get(CallerService).put(SYSTEM, lane.name, { ...NO_FIELDS, rules });

  async function openLane(name: string): Promise<Lane> {
    const token = { accessToken: `token-of-${name}`, expiresAt: new Date(Date.now() + 86_400_000) };
    await revoker.module
      .get(ConnectionService)
      .put(SYSTEM, { provider: 'berbix', connection: name }, newInput({ token }));
    await revoker.module.get(CallerService).put(SYSTEM, name, { ...NO_FIELDS, rules: [`berbix/${name}`] });
    return { name, key: await revoker.module.get(ApiKeyService).issue(SYSTEM, name, null) };
  }

  async function revoke(lane: Lane, how: Revocation): Promise<void> {
    if (how === 'rule') {
      await rulesOf(lane, []);
    } else if (how === 'key') {
      await revoker.module.get(ApiKeyService).revoke(SYSTEM, lane.name, lane.key.keyId);
    } else {
      await revoker.module.get(ConnectionService).pause(SYSTEM, { provider: 'berbix', connection: lane.name });
    }
  }

  async function restore(lane: Lane, how: Revocation): Promise<void> {
    if (how === 'rule') {
      await rulesOf(lane, [`berbix/${lane.name}`]);
    } else if (how === 'key') {
      lane.key = await revoker.module.get(ApiKeyService).issue(SYSTEM, lane.name, null);
    } else {
      await revoker.module.get(ConnectionService).resume(SYSTEM, { provider: 'berbix', connection: lane.name });
    }
  }

  /** Asks as the lane's caller; answers whether the token was released. */
  async function read(lane: Lane, requestId: string): Promise<boolean> {
    try {
      const caller = await reader.module.get(Authenticator).authenticate(lane.key.key.reveal());
      const origin = { actor: { type: 'caller' as const, caller: caller.name, keyId: caller.keyId }, requestId };
      const request = { provider: 'berbix', connection: lane.name, minTtlSeconds: 60 };
      return (
        (await reader.module.get(TokenService).issue(caller, request, origin)).accessToken === `token-of-${lane.name}`
      );
    } catch (error) {
      if (!isBrokerError(error) || !REFUSALS.has(error.code)) {
        throw error;
      }
      return false;
    }
  }

  /** The right that was given back is known to the reading replica: its refusals hear of changes, too. */
  async function warmUp(lane: Lane, requestId: string): Promise<void> {
    for (let tries = 0; !(await read(lane, requestId)); tries += 1) {
      if (tries > 5) {
        throw new Error(`${lane.name} is refused for good.`);
      }
    }
  }

  it('should let no token go whose batch began after its commit, in 1 000 interleavings, with every message lost', async () => {
    const random = randomFrom(SEED);
    const lanes = await Promise.all(Array.from({ length: LANES }, (_, index) => openLane(`lane-${index}`)));
    const late: string[] = [];
    const seen = { released: 0, refusedBehindTheCommit: 0 };

    const playRound = async (lane: Lane, round: number): Promise<void> => {
      const how = (['rule', 'key', 'pause'] as const)[Math.floor(random() * 3)] ?? 'rule';
      await warmUp(lane, `${lane.name}-${round}-before`);
      let committed = Number.POSITIVE_INFINITY;
      const revoking = turns(Math.floor(random() * 8))
        .then(() => revoke(lane, how))
        .then(() => void (committed = performance.now()));
      const reads = Array.from({ length: READS }, async (_, index) => {
        const id = `${lane.name}-${round}-${index}`;
        await turns(Math.floor(random() * 60));
        const released = await read(lane, id);
        return { id, released };
      });
      const [results] = await Promise.all([Promise.all(reads), revoking]);
      results.push({ id: `${lane.name}-${round}-after`, released: await read(lane, `${lane.name}-${round}-after`) });
      for (const { id, released } of results) {
        const beganBefore = (began.get(id) ?? Number.POSITIVE_INFINITY) < committed;
        seen.released += released ? 1 : 0;
        seen.refusedBehindTheCommit += !released && !beganBefore ? 1 : 0;
        if (released && !beganBefore) {
          late.push(`${id} (${how})`);
        }
      }
      await restore(lane, how);
    };

    await Promise.all(
      lanes.map(async (lane) => {
        for (let round = 0; round < ROUNDS; round += 1) {
          await playRound(lane, round);
        }
      }),
    );
    expect(late).toEqual([]);
    // Both sides of the commit were met, so the absence of late releases says something.
    expect(seen.released).toBeGreaterThan(LANES * ROUNDS * 0.5);
    expect(seen.refusedBehindTheCommit).toBeGreaterThanOrEqual(LANES * ROUNDS);
  }, 120_000);
});
