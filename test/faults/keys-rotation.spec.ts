import { addKey } from '@app/crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import {
  askToken,
  type BrokerAnswer,
  connectMany,
  NO_SCHEDULER,
  type Replica,
  reportRejected,
  until,
} from '../harness/brokers/index.js';
import { type Account, startWorld, type World } from '../harness/world.js';

jest.setTimeout(110_000);

/** More than one batch of the re-wrapping. */
const IDLE = 220;
const USED = 8;

interface KeyRow {
  readonly id: string;
  readonly state: string;
}

let world: World;
let accounts: Account[];
let first: string;

beforeAll(async () => {
  // Long ones: a busy machine must not keep a refresh from being sent in time, which callers would be told.
  const inTime = { leaseMs: 30_000, sendWithinMs: 15_000 };
  world = await startWorld({ replicas: 3, timing: { ...NO_SCHEDULER, ...inTime, patienceMs: 20_000 } });
  accounts = [];
  for (let made = 0; made < USED; made += 1) {
    accounts.push(await world.account(`used-${made}`, made % 2 === 0 ? 'static' : 'strict'));
  }
  const { grant, name } = accounts[0] as Account;
  await connectMany(
    world.one,
    name,
    'idle',
    Array.from({ length: IDLE }, () => grant),
  );
  first = (await keys())[0]?.id ?? '';
});

afterAll(async () => {
  world.replicas.forEach((replica) => replica.thaw());
  await world.end();
});

const keys = (): Promise<readonly KeyRow[]> =>
  world.database.rows<KeyRow>('select id, state from encryption_keys order by created_at');

const untilState = (id: string, state: string): Promise<unknown> =>
  until(`${id} is ${state}`, async () => (await keys()).some((key) => key.id === id && key.state === state), 20_000);

/** Which keys the stored values need. */
const sealers = async (): Promise<readonly string[]> => {
  const text = ['credential', 'token']
    .map(
      (column) =>
        `select convert_from(substring(${column} from 3 for get_byte(${column}, 1)), 'UTF8') as key from connections`,
    )
    .join(' union ');
  return (await world.database.rows<{ key: string }>(text)).map(({ key }) => key);
};

/** What services were answered. */
interface Answers {
  readonly served: number;
  readonly failed: readonly unknown[];
}

/** Services that ask all the time for tokens, and report some of them, until they are stopped. What they were answered is counted. */
function startLoad(replicas: readonly Replica[]): { stop(): Promise<Answers> } {
  const failed: unknown[] = [];
  let served = 0;
  const stopped = new AbortController();
  const count = ({ status, body }: BrokerAnswer): void => {
    served += status === 200 ? 1 : 0;
    failed.push(...(status === 200 ? [] : [body]));
  };
  const work = async (worker: number): Promise<void> => {
    for (let turn = 0; !stopped.signal.aborted; turn += 1) {
      const account = accounts[(worker + turn) % USED] as Account;
      const replica = replicas[turn % replicas.length] as Replica;
      const answer = await account.ask(replica);
      count(answer);
      if (turn % 5 === worker % 5) {
        count(await reportRejected(replica, account.name, account.name, Number(answer.body['generation'])));
      }
      count(await askToken(replica, accounts[0]?.name ?? '', `idle-${1 + ((worker * 37 + turn * 7) % IDLE)}`));
    }
  };
  const workers = Promise.all(Array.from({ length: 4 }, (_, worker) => work(worker)));
  return {
    stop: async () => {
      stopped.abort();
      await workers;
      return { served, failed };
    },
  };
}

describe('a rotation of the encryption key under load, over three replicas of which one is frozen', () => {
  it('should fail no request, lose no answer, and leave nothing under the old key', async () => {
    const [one, two, frozen] = world.replicas as [Replica, Replica, Replica];
    const late = await world.account('late', 'strict');
    await world.upstream.fault({ kind: 'hold', grantId: late.grant.grantId });
    const reported = reportRejected(frozen, late.name, late.name, 1);
    await late.untilHeld();
    frozen.freeze();

    const second = addKey(join(one.options.dataDir, 'keys.json'));
    const load = startLoad([one, two]);
    await until('the key is known', async () => (await keys()).some(({ id }) => id === second));
    const rotate = (): Promise<BrokerAnswer> => one.ask('POST', '/admin/keys/rotate', { key: second });
    expect((await rotate()).status).toBe(202);
    await untilState(second, 'primary');
    await untilState(first, 'retired');

    frozen.thaw();
    const woken = await Promise.all([
      ...accounts.map((account) => account.ask(frozen)),
      ...accounts.map(({ name }) => reportRejected(frozen, name, name, 1)),
      ...Array.from({ length: 20 }, (_, index) => askToken(frozen, accounts[0]?.name ?? '', `idle-${index + 1}`)),
    ]);
    await late.release();
    expect(woken.filter(({ status }) => status !== 200)).toEqual([]);
    await world.database.untilGeneration(late.name, 2);
    await reported;
    const { served, failed } = await load.stop();
    expect(failed).toEqual([]);
    expect(served).toBeGreaterThan(100);

    const { alive, reuses } = await late.record();
    expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
    await until('nothing needs the old key', async () => {
      const { body } = await one.ask('GET', '/admin/keys');
      const replicas = body['replicas'] as readonly { spooled_with: readonly string[]; seals_with: string }[];
      const isClean = replicas.every(({ spooled_with: files }) => !files.includes(first));
      return isClean && replicas.length === 3 && (await sealers()).join(',') === second;
    });
    for (const account of accounts.filter(({ kind }) => kind === 'strict')) {
      expect((await account.record()).reuses).toEqual([]);
    }
  });
});
