import { Injectable } from '@nestjs/common';
import type { ConnectionName } from '@app/common';
import { type Connection, ConnectionsRepository } from '@app/connections';
import { notFound } from './refusal.js';
import { TokenCache } from './token.cache.js';

/** Connections with their tokens, from the cache where it is trusted and from the database where it is not. */
@Injectable()
export class HeldConnections {
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

  /** What `obtain` comes to, held from then on unless something changed meanwhile. */
  async hold(obtain: () => Promise<Connection>): Promise<Connection> {
    const { epoch } = this.cache;
    const connection = await obtain();
    this.cache.put(connection, epoch);
    return connection;
  }

  /**
   * Takes as long as the look-up of a connection that is absent: the time tells absent and forbidden apart as little as the bytes. What
   * is looked for differs from name to name, as what is absent does, so that reads which go together are as many; no name has a slash.
   */
  async lookUpInVain({ provider, connection }: ConnectionName): Promise<void> {
    await this.connections.find({ provider, connection: `${connection}/` });
  }
}
