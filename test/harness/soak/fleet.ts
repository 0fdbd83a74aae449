import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrokersDatabase, Replica } from '../brokers/index.js';
import type { Life } from './life.js';
import { Member } from './member.js';
import { TIMING } from './times.js';
import type { Turns } from './turns.js';

const REPLICAS = 3;
const START_WITHIN_MS = 60_000;

/** Three replicas, each a process with a spool of its own, which are killed, frozen and cut off. */
export class Fleet {
  /** What brokers did that nobody told them to. */
  readonly accidents: string[] = [];
  readonly members: readonly Member[];
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    private readonly database: BrokersDatabase,
    private readonly turns: Turns,
    folder: string,
  ) {
    this.members = Array.from({ length: REPLICAS }, (_, index) => newMember(index + 1, database, folder));
  }

  get lives(): readonly Life[] {
    return this.members.flatMap(({ lives }) => lives);
  }

  /** The first one, where any will do. */
  get one(): Member {
    return this.members[0] as Member;
  }

  /** Those that answer. */
  up = (): readonly Member[] => this.members.filter(({ state }) => state === 'up');

  /** Those that can be killed: one is away at a time, and until it is up again. */
  mortal = (): readonly Member[] => (this.members.some(({ state }) => state === 'down') ? [] : this.members);

  /** Those that can be frozen so that another one is awake. */
  freezable(): readonly Member[] {
    const awake = this.up();
    return awake.length > 1 ? awake : [];
  }

  async start(): Promise<void> {
    for (const member of this.members) {
      await this.#start(member);
    }
  }

  /** SIGKILL, and a new start with the same disk after a while. */
  kill(member: Member, awayMs: number): void {
    this.#begin(async () => {
      await member.kill();
      await sleep(awayMs);
      await this.#start(member);
    });
  }

  /** SIGSTOP for a while. */
  freeze = (member: Member, ms: number): void => this.#begin(() => member.freeze(ms));

  /** Ends every session that it has with the database; false where the database is away itself. */
  async cut({ applicationName }: Member): Promise<boolean> {
    const text = 'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1';
    return this.database.rows(text, [applicationName]).then(
      () => true,
      () => false,
    );
  }

  /** Starts again what ended by itself, and notes it. */
  lookAfter(): void {
    for (const member of this.members.filter(({ hasEnded }) => hasEnded)) {
      this.accidents.push(`Replica ${member.number} ended by itself:\n${lastOf(member.replica.output())}`);
      this.kill(member, 0);
    }
  }

  /** Resolves when all that was begun is over: everybody is up. */
  async rest(): Promise<void> {
    while (this.#underWay.size > 0) {
      await Promise.all(this.#underWay);
    }
  }

  /** Ends them as an orchestrator does; resolves with their exit codes. */
  stop = (): Promise<readonly (number | null)[]> => Promise.all(this.members.map((member) => member.stop()));

  end = async (): Promise<void> => void (await Promise.all(this.members.map(({ replica }) => replica.kill())));

  #begin(work: () => Promise<void>): void {
    const mine = work()
      .catch((error: unknown) => void this.accidents.push(String(error)))
      .finally(() => this.#underWay.delete(mine));
    this.#underWay.add(mine);
  }

  async #start(member: Member): Promise<void> {
    await this.turns.take(() => Promise.race([member.start(), late(member.number)]));
  }
}

function newMember(number: number, database: BrokersDatabase, folder: string): Member {
  const url = Object.assign(new URL(database.url), { search: `application_name=soak-${number}` }).href;
  const replica = new Replica({
    database,
    dataDir: join(folder, 'data'),
    spoolDir: join(folder, `spool-${number}`),
    timing: TIMING,
    environment: { DATABASE_URL: url },
  });
  return new Member(number, replica);
}

async function late(number: number): Promise<never> {
  await sleep(START_WITHIN_MS, undefined, { ref: false });
  throw new Error(`Replica ${number} did not start within ${START_WITHIN_MS} ms.`);
}

const lastOf = (output: string): string => output.split('\n').slice(-15).join('\n');
