import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { startWorld, type World } from '../harness/world.js';
import { pass } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);
// Between the last look and the system call the operating system may stop a process, and no program can look later than that.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

const SEND_WITHIN_MS = 500;
const WARM_ROUNDS = 10;
const COLD_ROUNDS = 3;

let world: World;
let client: Client;
let freezesAtLastWord = false;
let made = 0;

/** The broker is frozen as soon as its last word before the send is committed: what it does next, it does on waking. */
beforeAll(async () => {
  world = await startWorld({ replicas: 1, timing: { sendWithinMs: SEND_WITHIN_MS } });
  await world.database.rows(`create function tell() returns trigger language plpgsql as
    $$ begin perform pg_notify('last_word', new.id::text); return new; end $$`);
  await world.database.rows(`create trigger tell after update of sent_at on attempts for each row
    when (old.sent_at is null and new.sent_at is not null) execute function tell()`);
  client = new Client({ connectionString: world.database.url });
  client.on('notification', () => {
    if (freezesAtLastWord) {
      freezesAtLastWord = false;
      world.one.freeze();
    }
  });
  await client.connect();
  await client.query('listen last_word');
});

afterAll(async () => {
  await client.end();
  world.one.thaw();
  await world.end();
});

/** What became of an attempt that was frozen at its last word; undefined where its request was out by then. */
async function refreshFrozen(): Promise<string | null | undefined> {
  made += 1;
  const account = await world.account(`frozen-${made}`, 'strict');
  freezesAtLastWord = true;
  await account.makeDue();
  await world.database.untilOpenAttempt(account.name);
  await pass(2 * SEND_WITHIN_MS);
  const [request] = (await account.record()).requests;
  world.one.thaw();
  const [attempt] = await world.database.untilClosed(account.name);
  await world.database.untilGeneration(account.name, 2);
  return request === undefined ? attempt?.outcome : undefined;
}

describe('a replica that is frozen somewhere between its last word and the first byte', () => {
  it('should send nothing on waking, wherever it was', async () => {
    made += 1;
    const first = await world.account(`first-${made}`, 'strict', { token: false });
    await world.database.untilGeneration(first.name, 2);
    const outcomes = new Set<string | null | undefined>();
    for (let round = 0; round < WARM_ROUNDS; round += 1) {
      outcomes.add(await refreshFrozen());
    }
    outcomes.delete(undefined);
    expect(outcomes).toEqual(new Set(['not_sent']));
  });

  it('should send nothing on waking in the first attempt of its life, which takes longer', async () => {
    const outcomes = new Set<string | null | undefined>();
    for (let round = 0; round < COLD_ROUNDS; round += 1) {
      await world.one.kill();
      await world.one.start();
      outcomes.add(await refreshFrozen());
    }
    outcomes.delete(undefined);
    expect(outcomes).toEqual(new Set(['not_sent']));
  });
});
