import { setTimeout as sleep } from 'node:timers/promises';
import { configureProvider, connect } from '../brokers/index.js';
import type { ClientOptions, IssuedGrant, Upstream, UpstreamKind } from '../upstream/index.js';
import type { Fleet } from './fleet.js';
import type { Random } from './random.js';
import { TIMES } from './times.js';

/** A provider of the soak: a client of the OAuth server, and what its connections are like. */
export interface Group {
  readonly provider: string;
  readonly kind: UpstreamKind;
  readonly introspection: boolean;
}

/** A grant, and the connection that holds it. */
export interface Account extends Group {
  readonly name: string;
  readonly grant: IssuedGrant;
  /** The generation of its token that a caller saw last. */
  seen: number;
}

const PLACES = 200;
const AT_ONCE = 8;

const GROUPS: readonly Group[] = (['strict', 'grace', 'static'] as const).flatMap((kind) =>
  ['a', 'b', 'c'].map((letter) => ({
    provider: `${kind}-${letter}`,
    kind,
    introspection: letter === 'c' && kind !== 'static',
  })),
);

/**
 * Two hundred places, each with an account. One that is lost stays as it is for the verdict, and its place gets another: a person
 * has logged in again.
 */
export class Accounts {
  /** Every account that was ever made, the lost ones too. */
  readonly all: Account[] = [];
  readonly #places: Account[] = [];
  #made = 0;

  constructor(
    private readonly upstream: Upstream,
    private readonly fleet: Fleet,
    private readonly random: Random,
  ) {}

  /** Those that are in use. */
  get inUse(): readonly Account[] {
    return this.#places;
  }

  /** Configures the providers and fills the places. */
  async fill(): Promise<void> {
    const replica = this.#someReplica();
    for (const group of GROUPS) {
      await configureProvider(replica, group.provider, await this.upstream.issue(group.kind, clientOf(group)));
    }
    const groups = Array.from({ length: PLACES }, (_, index) => GROUPS[index % GROUPS.length] as Group).values();
    const work = async (): Promise<void> => {
      for (const group of groups) {
        this.#places.push(await this.#make(group));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Gives the places of these connections to new accounts. */
  async replace(lost: ReadonlySet<string>): Promise<void> {
    const empty = [...this.#places.entries()].filter(([, { name }]) => lost.has(name)).values();
    const work = async (): Promise<void> => {
      for (const [index, account] of empty) {
        this.#places[index] = await this.#makeSomehow(account);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** With a new grant each time: where an answer did not come, nobody knows whether the connection was made. */
  async #makeSomehow(group: Group): Promise<Account> {
    for (;;) {
      try {
        return await this.#make(group);
      } catch {
        await sleep(TIMES.eventEvery);
      }
    }
  }

  async #make(group: Group): Promise<Account> {
    const { least, most } = TIMES.accessTokenSeconds;
    const accessTokenSeconds = this.random.between(least, most);
    const grant = await this.upstream.issue(group.kind, { ...clientOf(group), accessTokenSeconds });
    const { provider, kind, introspection } = group;
    const account = { provider, kind, introspection, grant, name: `${provider}-${(this.#made += 1)}`, seen: 1 };
    this.all.push(account);
    await connect(this.#someReplica(), provider, account.name, grant);
    return account;
  }

  #someReplica = () => this.random.pick(this.fleet.up()).replica;
}

const clientOf = ({ provider, kind, introspection }: Group): ClientOptions => ({
  client: provider,
  introspection,
  ...(kind === 'grace' ? { graceSeconds: TIMES.graceSeconds } : {}),
});
