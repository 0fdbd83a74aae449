import type { BrokersDatabase } from '../brokers/index.js';

/** A connection as the brokers' database has it. */
export interface Standing {
  readonly name: string;
  readonly state: string;
  readonly state_reason: string | null;
  readonly generation: number;
}

/** Every connection by name; undefined while the database cannot be asked. */
export async function takeCensus(database: BrokersDatabase): Promise<ReadonlyMap<string, Standing> | undefined> {
  try {
    const rows = await database.rows<Standing>('select name, state, state_reason, generation from connections');
    return new Map(rows.map((row) => [row.name, row]));
  } catch {
    return undefined;
  }
}

/** Those that wait for a person. */
export const lostOf = (census: ReadonlyMap<string, Standing>): ReadonlySet<string> =>
  new Set([...census.values()].filter(({ state }) => state === 'reauthorization_required').map(({ name }) => name));

/** How many are in each state, most first. */
export function statesOf(census: ReadonlyMap<string, Standing>): string {
  const counts = new Map<string, number>();
  for (const { state } of census.values()) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([state, count]) => `${state} ${count}`)
    .join(', ');
}

/** How often tokens were replaced, over all of them. */
export const renewalsOf = (census: ReadonlyMap<string, Standing>): number =>
  [...census.values()].reduce((sum, { generation }) => sum + generation - 1, 0);
