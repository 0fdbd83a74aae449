import { type EmbeddedPostgres, startEmbeddedPostgres } from '@app/database';
import { Address } from './address.js';

/** A crash of the machine may cost a test its database, so it need not wait for the disk. */
export const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };

/** A Postgres server of a test's own: it can go away and come back, at the same address. */
export class OwnPostgres {
  #running: EmbeddedPostgres | undefined;

  private constructor(
    readonly directory: string,
    private readonly address: Address,
    /** Connection string of the superuser, good as long as this lives. */
    readonly url: string,
    running: EmbeddedPostgres,
  ) {
    this.#running = running;
  }

  /** Starts one in this folder: with the data that stands there, or new. */
  static async start(directory: string): Promise<OwnPostgres> {
    const running = await startEmbeddedPostgres({ directory, settings: SETTINGS });
    const address = await Address.open();
    address.leadTo(running.url);
    return new OwnPostgres(directory, address, address.inFrontOf(running.url), running);
  }

  /** Connection string of the server itself. @throws Error while it is stopped. */
  get serverUrl(): string {
    if (this.#running === undefined) {
      throw new Error('This Postgres does not run.');
    }
    return this.#running.url;
  }

  /** From now on the address leads to this server. */
  replaceBy(server: EmbeddedPostgres): void {
    this.#running = server;
    this.address.leadTo(server.url);
  }

  /** Starts it again. */
  async start(): Promise<void> {
    this.replaceBy(await startEmbeddedPostgres({ directory: this.directory, settings: SETTINGS }));
  }

  /** Ends every session and the server. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  /** Stops it and gives the address up. */
  async end(): Promise<void> {
    await this.stop();
    await this.address.close();
  }
}
