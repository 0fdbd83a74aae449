import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log } from '@app/common';
import { type Connection, ConnectionsRepository } from '@app/connections';

const WRITE_EVERY_MS = 10_000;

/** Notes which connections with one-shot credentials are in use: one that nobody uses is not refreshed for nothing, as each refresh is a risk. */
@Injectable()
export class Usage {
  readonly #used = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly connections: ConnectionsRepository,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** A caller gets this connection's token. Costs nothing but a look; it is written later, many at once. */
  note({ id, traits }: Connection): void {
    if (traits.rotation === 'strict') {
      this.#used.add(id);
    }
  }

  /** Writes what was noted now and then, until `stop`. */
  start(): void {
    this.#timer = setInterval(() => void this.#write(), WRITE_EVERY_MS);
  }

  /** Writes the rest. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  async #write(): Promise<void> {
    const ids = [...this.#used];
    this.#used.clear();
    try {
      await (ids.length > 0 ? this.connections.markUsed(ids) : undefined);
    } catch (error) {
      ids.forEach((id) => this.#used.add(id));
      this.log.warn('The use of connections could not be noted; it is tried again.', errorFacts(error));
    }
  }
}
