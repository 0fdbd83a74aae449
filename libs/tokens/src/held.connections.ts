import { Injectable } from '@nestjs/common';
import type { ConnectionName } from '@app/common';
import { type Connection, ConnectionsRepository } from '@app/connections';
import { Flights } from './flights.js';
import { notFound } from './refusal.js';
import { TokenCache } from './token.cache.js';

/** Connections with their tokens, from the cache where it is trusted and from the database where it is not. */
@Injectable()
export class HeldConnections {
  readonly #loads = new Flights<Connection>();
  readonly #vainLookUps = new Flights<void>();

  constructor(
    private readonly cache: TokenCache,
    private readonly connections: ConnectionsRepository,
  ) {}

  /** As it was last seen; undefined where it is not held or might have changed unnoticed. */
  findCached(name: ConnectionName): Connection | undefined {
    return this.cache.find(name);
  }

  /** As the database has it now; held from then on. @throws BrokerError `not_found`. */
  async load(name: ConnectionName): Promise<Connection> {
    return this.hold(async () => {
      const connection = await this.connections.find(name);
      if (connection === undefined) {
        throw notFound(name);
      }
      return connection;
    });
  }

  /** As `load`, with whoever asks for it at the same moment: a herd reads the row once. */
  share(name: ConnectionName): Promise<Connection> {
    return this.#loads.join(this.#keyOf(name), () => this.load(name));
  }

  /** What `obtain` comes to, held from then on unless something changed meanwhile. */
  async hold(obtain: () => Promise<Connection>): Promise<Connection> {
    const { epoch } = this.cache;
    const connection = await obtain();
    this.cache.put(connection, epoch);
    return connection;
  }

  /**
   * Takes as long as the look-up of a connection that is absent, also for those who ask at the same moment: the time tells absent and
   * forbidden apart as little as the bytes. What is looked for differs from name to name, as what is absent does, so that reads which go
   * together are as many; no name has a slash.
   */
  lookUpInVain(name: ConnectionName): Promise<void> {
    return this.#vainLookUps.join(this.#keyOf(name), async () => {
      await this.connections.find({ provider: name.provider, connection: `${name.connection}/` });
    });
  }

  /** Who asks after an administrative change does not get what was read before it. */
  #keyOf({ provider, connection }: ConnectionName): string {
    return `${this.cache.epoch} ${provider}/${connection}`;
  }
}
