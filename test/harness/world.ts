import {
  askToken,
  type AttemptRow,
  type BrokerAnswer,
  type Brokers,
  type BrokersOptions,
  configureProvider,
  connect,
  type ConnectOptions,
  refreshNow,
  type Replica,
  startBrokers,
  until,
} from './brokers/index.js';
import {
  type GrantRecord,
  type IssuedGrant,
  type IssueOptions,
  startUpstream,
  type Upstream,
  type UpstreamKind,
} from './upstream/index.js';

/** Of a refresh of which nothing was sent. */
const MOST_TRIES = 5;

/** Replicas, the upstream that their connections are granted at, and the database between them. */
export interface World extends Brokers {
  readonly upstream: Upstream;
  /** A grant and a connection for it, at a provider of its own: no other account's failures touch its circuit. */
  account(name: string, kind: UpstreamKind, options?: IssueOptions & ConnectOptions): Promise<Account>;
}

const isBeingClosed = ({ answeredAt, delivered }: GrantRecord['requests'][number]): boolean =>
  answeredAt !== null && delivered === null;

/** One account: a grant at the upstream, and the connection that holds it. */
export class Account {
  constructor(
    private readonly world: World,
    readonly name: string,
    readonly grant: IssuedGrant,
  ) {}

  get kind(): UpstreamKind {
    return this.grant.kind;
  }

  /** What the upstream saw. A last answer may have been stored already while its connection is still being closed: that is waited for. */
  async record(): Promise<GrantRecord> {
    const read = (): Promise<GrantRecord> => this.world.upstream.record(this.grant.grantId);
    let record = await read();
    for (let looks = 0; looks < 20 && record.requests.some(isBeingClosed); looks += 1) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      record = await read();
    }
    return record;
  }

  /** How many refreshes reached the OAuth server. */
  async sends(): Promise<number> {
    return Object.values((await this.record()).sends).reduce((sum, count) => sum + count, 0);
  }

  /** Resolves once so many requests were read at the front door, whatever became of them. */
  untilSeen = (count = 1, ms?: number): Promise<GrantRecord> =>
    until(
      `the upstream sees ${count} requests of ${this.name}`,
      async () => {
        const record = await this.record();
        return record.requests.length >= count && record;
      },
      ms,
    );

  /** Resolves once the upstream holds a request of this grant: it has decided, but nobody got the answer. */
  untilHeld = (ms?: number): Promise<unknown> =>
    until(
      `the upstream holds a request of ${this.name}`,
      async () => (await this.world.upstream.held()).some(({ grantId }) => grantId === this.grant.grantId),
      ms,
    );

  release = (): Promise<number> => this.world.upstream.release({ grantId: this.grant.grantId });

  attempts = (): Promise<readonly AttemptRow[]> => this.world.database.attempts(this.name);

  async outcomes(): Promise<readonly (string | null)[]> {
    return (await this.attempts()).map(({ outcome }) => outcome);
  }

  /**
   * Without the attempts that are proved to have sent nothing: a replica that a busy machine kept from sending in time leaves one, and
   * begins anew.
   */
  async outcomesOfSent(): Promise<readonly (string | null)[]> {
    return (await this.outcomes()).filter((outcome) => outcome !== 'not_sent');
  }

  makeDue = (): Promise<void> => this.world.database.makeDue(this.name);

  /** Makes it due and resolves with the replica whose scheduler took it, and the others. */
  async untilTaken(): Promise<{ readonly sender: Replica; readonly others: readonly Replica[] }> {
    await this.makeDue();
    return this.world.split((await this.world.database.untilOpenAttempt(this.name)).holder);
  }

  ask = (replica: Replica, minTtl?: number): Promise<BrokerAnswer> =>
    askToken(replica, this.grant.clientId, this.name, minTtl);

  /** Asks again where a busy machine kept the replica from sending in time, so that nothing was sent; but not for ever. */
  async refreshNow(replica: Replica): Promise<BrokerAnswer> {
    for (let left = MOST_TRIES; ; left -= 1) {
      const answer = await refreshNow(replica, this.grant.clientId, this.name);
      if (answer.body['reason'] !== 'abandoned_before_send' || left === 1) {
        return answer;
      }
    }
  }

  /** Whether the token that the broker was given at first would still be accepted. */
  firstTokenAlive = (): Promise<boolean> => this.world.upstream.accessTokenAlive(this.grant.accessToken);
}

/** Starts an upstream and brokers. */
export async function startWorld(options: BrokersOptions): Promise<World> {
  const upstream = await startUpstream();
  const brokers = await startBrokers(options).catch(async (error: unknown) => {
    await upstream.stop();
    throw error;
  });
  const world: World = {
    ...brokers,
    upstream,
    account: async (name, kind, granted = {}) => {
      const grant = await upstream.issue(kind, { ...granted, client: name });
      await configureProvider(brokers.one, name, grant);
      await connect(brokers.one, name, name, grant, granted);
      return new Account(world, name, grant);
    },
    end: async () => {
      await brokers.end();
      await upstream.stop();
    },
  };
  return world;
}
