import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../harness/brokers/index.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { expectKept, pass, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(110_000);

const FAILURES = 20;
/** Where the sender is killed meanwhile. */
const FEWER = 6;

/**
 * From now on the adoptions of some connections fail so many times. A sequence counts, for it counts what is rolled back, too.
 */
const REFUSE_ADOPTIONS = `
create table refused_adoptions (name text primary key, counter text not null, most int not null);
create function refuse_adoption() returns trigger language plpgsql as $$
declare refused refused_adoptions;
begin
  select r.* into refused from refused_adoptions r where r.name = new.name;
  if found and new.generation > old.generation and nextval(refused.counter) <= refused.most then
    raise exception 'this adoption is refused for a test';
  end if;
  return new;
end $$;
create trigger refuse_adoption before update on connections for each row execute function refuse_adoption()`;

let world: World;

beforeAll(async () => {
  world = await startWorld({ replicas: 2 });
  await world.database.rows(REFUSE_ADOPTIONS);
});

afterAll(async () => {
  await world.end();
});

async function refused(name: string, kind: Account['kind'], times = FAILURES): Promise<Account> {
  const account = await world.account(name, kind, { graceSeconds: 20 });
  const counter = `refusals_of_${name}`;
  await world.database.rows(`create sequence ${counter}`);
  await world.database.rows('insert into refused_adoptions values ($1, $2, $3)', [name, counter, times]);
  return account;
}

const refusals = async ({ name }: Account): Promise<number> => {
  const [row] = await world.database.rows<{ count: number }>(
    `select case when is_called then last_value else 0 end::int as count from refusals_of_${name}`,
  );
  return row?.count ?? 0;
};

describe(`an adoption whose UPDATE fails ${FAILURES} times`, () => {
  it('should hold at last, and the old token be served meanwhile: one request where a repeat would be punished', async () => {
    const accounts = await Promise.all([
      refused('strict', 'strict'),
      refused('grace', 'grace'),
      refused('static', 'static'),
    ]);
    await Promise.all(accounts.map((account) => account.makeDue()));
    await until('all were refused five times', async () => {
      const counts = await Promise.all(accounts.map(refusals));
      return counts.every((count) => count >= 5);
    });
    for (const account of accounts) {
      const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
      expect(answers.map(({ status, body }) => [status, body['generation']])).toEqual(answers.map(() => [200, 1]));
    }
    await Promise.all(accounts.map(({ name }) => world.database.untilGeneration(name, 2, 60_000)));
    for (const account of accounts) {
      expect(await refusals(account)).toBeGreaterThan(FAILURES);
      const requests = await requestsOf(account);
      expect(new Set(requests)).toEqual(new Set(['token ok']));
      // The sender's lease ends with the call: where a repeat is safe, the other replica makes one, and its answer is a spare.
      expect(requests.length).toBeLessThanOrEqual(account.kind === 'strict' ? 1 : world.replicas.length);
      await expectKept(world, account);
    }
    expect(await accounts[0]?.outcomesOfSent()).toEqual(['ok', 'ok']);
    await Promise.all(world.replicas.map((replica) => replica.untilSpoolEmpty()));
  });

  it('should outlive its sender: killed meanwhile, it finds the answer in its spool at the next start', async () => {
    const account = await refused('killed', 'strict', FEWER);
    const { sender } = await account.untilTaken();
    await until('it was refused three times', async () => (await refusals(account)) >= 3);
    await sender.kill();
    await world.database.untilState(account.name, 'uncertain');
    await pass(2500);
    expect(await requestsOf(account)).toEqual(['token ok']);
    await sender.start();
    await world.database.untilGeneration(account.name, 2, 60_000);
    expect(await requestsOf(account)).toEqual(['token ok']);
    await sender.untilSpoolEmpty();
    await expectKept(world, account);
  });
});
