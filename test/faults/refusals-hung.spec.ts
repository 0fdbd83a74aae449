import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { askToken, configureProvider, connectMany, reportRejected, until } from '../harness/brokers/index.js';
import type { IssuedGrant, RequestRecord } from '../harness/upstream/index.js';
import { startWorld, type World } from '../harness/world.js';
import { mostAtOnce, percentile } from '../harness/figures.js';

jest.setTimeout(60_000);

const HUNG = 'hung';
const WELL = 'well';
const HUNG_CONNECTIONS = 40;
const WELL_CONNECTIONS = 20;
/** What a replica sends at once to one provider. */
const AT_ONCE = 8;
/** Less than a sender listens: its connections hang for the whole of it. */
const LOAD_MS = 5000;

let world: World;

interface Load {
  readonly reads: readonly number[];
  readonly refreshes: readonly number[];
  readonly failed: number;
  /** How many calls the caller made that made the fewest: one call after the other, so one that got stuck made none or one. */
  readonly least: number;
}

beforeAll(async () => {
  world = await startWorld({ replicas: 2, timing: { deadlineMs: 15_000, patienceMs: 3000 } });
});

afterAll(async () => {
  await world.end();
});

async function connectAll(provider: string, count: number): Promise<readonly string[]> {
  const grants = await world.upstream.issueMany('strict', count, { client: provider });
  await configureProvider(world.one, provider, grants[0] as IssuedGrant);
  return connectMany(world.one, provider, provider, grants);
}

/** Reads and refreshes of the provider that is well, one after the other on each replica, for a while; in milliseconds. */
async function load(names: readonly string[]): Promise<Load> {
  const reads: number[] = [];
  const refreshes: number[] = [];
  let failed = 0;
  const end = performance.now() + LOAD_MS;
  const timed = async (into: number[], work: () => Promise<{ readonly status: number }>): Promise<void> => {
    const begun = performance.now();
    const { status } = await work();
    into.push(performance.now() - begun);
    failed += status === 200 ? 0 : 1;
  };
  const callers = world.replicas.flatMap((replica, index) => [
    async () => {
      let turn = 0;
      for (; performance.now() < end; turn += 1) {
        const name = names[turn % names.length] ?? '';
        await timed(reads, () => askToken(replica, WELL, name));
      }
      return turn;
    },
    async () => {
      const own = names.filter((_, place) => place % world.replicas.length === index);
      let turn = 0;
      for (; performance.now() < end; turn += 1) {
        const name = own[turn % own.length] ?? '';
        const { generation } = await world.database.connection(name);
        await timed(refreshes, () => reportRejected(replica, WELL, name, generation));
      }
      return turn;
    },
  ]);
  const calls = await Promise.all(callers.map((call) => call()));
  return { reads, refreshes, failed, least: Math.min(...calls) };
}

const figuresOf = ({ reads, refreshes, least }: Load) => ({
  least,
  reads: reads.length,
  readP99: Math.round(percentile(reads, 0.99)),
  refreshes: refreshes.length,
  refreshP99: Math.round(percentile(refreshes, 0.99)),
});

const toHung = async (): Promise<readonly RequestRecord[]> =>
  (await world.upstream.records({ clientId: HUNG })).flatMap(({ requests }) => requests);

describe('a provider that accepts requests and never answers', () => {
  it('should cost only its own connections: reads and refreshes of another go on as before', async () => {
    const well = await connectAll(WELL, WELL_CONNECTIONS);
    const hung = await connectAll(HUNG, HUNG_CONNECTIONS);
    await load(well);
    const without = await load(well);

    await world.upstream.fault({ kind: 'black_hole', clientId: HUNG, times: 'until_cleared' });
    await world.database.makeDue(...hung);
    await until('it hangs on all the requests that it gets at once', async () => {
      return (await toHung()).length === AT_ONCE * world.replicas.length;
    });
    const beside = await load(well);
    const open = (await toHung()).filter(({ closedAt }) => closedAt === null);
    expect(open).toHaveLength(AT_ONCE * world.replicas.length);

    const figures = { without: figuresOf(without), beside: figuresOf(beside) };
    process.stdout.write(`another provider hangs: ${JSON.stringify(figures)}\n`);
    expect({ without: without.failed, beside: beside.failed }).toEqual({ without: 0, beside: 0 });
    // The requests that hang were open from before the first call until after the last one, so a call that waited for one
    // of them could not have ended. How much slower the others become is measured by the benchmark, not here.
    expect(beside.least).toBeGreaterThan(1);
  });

  it('should not take more than its share of requests at once, and leave its callers their old tokens', async () => {
    const hung = Array.from({ length: HUNG_CONNECTIONS }, (_, index) => `${HUNG}-${index + 1}`);
    const answers = await Promise.all(
      hung.map((name, index) => askToken(world.replicas[index % 2] ?? world.one, HUNG, name)),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body['generation'])}`))).toEqual(
      new Set(['200 1']),
    );
    const requests = await toHung();
    expect(mostAtOnce(requests.map(({ at, closedAt }) => [at, closedAt ?? Infinity]))).toBe(
      AT_ONCE * world.replicas.length,
    );
  });

  it('should be given up after the deadline, and its circuit open: no storm follows', async () => {
    await until(
      'the first requests are given up',
      async () => (await toHung()).filter(({ closedAt }) => closedAt !== null).length >= AT_ONCE * 2,
      20_000,
    );
    const states = await world.database.rows<{ state: string; count: number }>(
      'select state, count(*)::int as count from connections where provider = $1 group by state',
      [HUNG],
    );
    const requests = await toHung();
    process.stdout.write(`given up: ${requests.length} requests, ${JSON.stringify(states)}\n`);
    expect(requests.length).toBeLessThanOrEqual(2 * AT_ONCE * world.replicas.length);
    expect(mostAtOnce(requests.map(({ at, closedAt }) => [at, closedAt ?? Infinity]))).toBeLessThanOrEqual(
      AT_ONCE * world.replicas.length,
    );
    const sends = (await world.upstream.records({ clientId: HUNG })).map((record) => record.requests.length);
    expect(Math.max(...sends)).toBe(1);
  });
});
