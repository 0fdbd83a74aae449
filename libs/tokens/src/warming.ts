import { Inject, Injectable } from '@nestjs/common';
import { AuditEvents } from '@app/audit';
import { Clock, type ConnectionName, errorFacts, Log } from '@app/common';
import { HeldConnections } from './held.connections.js';

/** Of the log: a part of a second where much is asked for, and all that is in use where little is. */
const NEWEST = 1000;
/** What is older is not looked through for the few tokens that were asked for among many renewals. */
const SINCE_MS = 300_000;
/** Read with one statement. */
const TOGETHER = 64;
/** A start waits no longer for it; what is not held by then is read when it is asked for. */
const WITHIN_MS = 250;

/** Fills the token cache of a replica that starts with what callers asked for last, of whichever replica: its first answers are not late. */
@Injectable()
export class Warming {
  constructor(
    private readonly events: AuditEvents,
    private readonly held: HeldConnections,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** What was asked for last comes first. Never rejects: without it the first answers take longer, and nothing else. */
  async run(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, WITHIN_MS)));
    await Promise.race([late, this.#fill(performance.now() + WITHIN_MS)]);
    clearTimeout(timer);
  }

  async #fill(until: number): Promise<void> {
    try {
      const names = await this.#askedForLast();
      for (let done = 0; done < names.length && performance.now() < until; done += TOGETHER) {
        await Promise.allSettled(names.slice(done, done + TOGETHER).map((name) => this.held.share(name)));
      }
    } catch (error) {
      this.log.warn('The token cache begins empty, so the first answers take longer.', errorFacts(error));
    }
  }

  async #askedForLast(): Promise<readonly ConnectionName[]> {
    const from = this.clock.now() - SINCE_MS;
    const { items } = await this.events.search({ action: 'token.issued', from, limit: NEWEST });
    const names = items.flatMap(({ provider, connection }) =>
      provider === null || connection === null ? [] : [{ provider, connection }],
    );
    return [...new Map(names.map((name) => [`${name.provider}/${name.connection}`, name])).values()];
  }
}
