import type { Account } from './accounts.js';
import type { Fleet } from './fleet.js';
import type { RestartMode, SoakPostgres } from './postgres.js';
import type { Random } from './random.js';
import { TIMES } from './times.js';
import type { Turns } from './turns.js';
import type { UpstreamFaults } from './upstream-faults.js';

/** What can be done to the world. */
export interface HappeningGround {
  readonly random: Random;
  readonly fleet: Fleet;
  readonly faults: UpstreamFaults;
  readonly postgres: SoakPostgres;
  readonly turns: Turns;
  accounts(): readonly Account[];
}

/** Something that can happen: `play` begins it and tells what it did, or undefined where it cannot be now. */
export interface Happening {
  readonly title: string;
  readonly weight: number;
  play(ground: HappeningGround): Promise<string | undefined>;
}

/** The one that is always possible. */
export const FAULT_FOR_ONE: Happening = {
  title: 'upstream fault for one',
  weight: 46,
  play: ({ faults, accounts, random }) => faults.forOne(random.pick(accounts())),
};

/** Everything that can happen, about as often as its weight says. */
export const HAPPENINGS: readonly Happening[] = [
  FAULT_FOR_ONE,
  { title: 'upstream fault for all', weight: 5, play: ({ faults }) => faults.forAll() },
  {
    title: 'SIGKILL',
    weight: 16,
    play: async ({ fleet, random }) => {
      const mortal = fleet.mortal();
      if (mortal.length === 0) {
        return undefined;
      }
      const member = random.pick(mortal);
      const away = random.between(TIMES.away.least, TIMES.away.most);
      fleet.kill(member, away);
      return `SIGKILL of replica ${member.number}, away for ${away} ms`;
    },
  },
  {
    title: 'SIGSTOP',
    weight: 14,
    play: async ({ fleet, random }) => {
      const freezable = fleet.freezable();
      if (freezable.length === 0) {
        return undefined;
      }
      const member = random.pick(freezable);
      const ms = random.between(TIMES.freeze.least, TIMES.freeze.most);
      fleet.freeze(member, ms);
      return `SIGSTOP of replica ${member.number} for ${ms} ms`;
    },
  },
  {
    title: 'database sessions cut',
    weight: 12,
    play: async ({ fleet, random }) => {
      if (fleet.up().length === 0) {
        return undefined;
      }
      const member = random.pick(fleet.up());
      const wasThere = await fleet.cut(member);
      return wasThere ? `the database sessions of replica ${member.number} cut` : undefined;
    },
  },
  {
    title: 'Postgres restarted',
    weight: 4,
    play: async ({ postgres, turns, random }) => {
      if (Date.now() - postgres.startedAt < TIMES.restartEvery) {
        return undefined;
      }
      const mode = random.pick<RestartMode>(['fast', 'immediate']);
      // A broker that starts needs its database: nobody promises that it starts without.
      return turns.take(async () => {
        const began = Date.now();
        await postgres.restart(mode);
        return `Postgres restarted (${mode}) within the last ${postgres.startedAt - began} ms`;
      });
    },
  },
];
