import { Inject, Injectable } from '@nestjs/common';
import { type Caller, heldRules } from '@app/callers';
import { Clock, type ConnectionName, keyOfCursor, type Page, type PageRequest, toPage } from '@app/common';
import { ConnectionsRepository, type CoveredConnection } from '@app/connections';

const CURSOR = /^[a-z0-9._-]{1,63}\/[a-z0-9._-]{1,63}$/;

/** What a caller may ask for. */
@Injectable()
export class CoveredConnections {
  constructor(
    private readonly connections: ConnectionsRepository,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * Connections that the caller's rules cover for a request from `clientIp`, by name.
   * @throws BrokerError `invalid_request` for a foreign cursor.
   */
  async list(
    caller: Caller,
    clientIp: string | null | undefined,
    { limit, cursor }: PageRequest,
  ): Promise<Page<CoveredConnection>> {
    const after = cursor === undefined ? { provider: '', connection: '' } : nameOf(keyOfCursor(cursor, CURSOR));
    const rules = heldRules(caller, { now: this.clock.now(), clientIp }).map(({ text }) => text);
    const rows = await this.connections.findCovered(rules, after, limit + 1);
    return toPage(rows, limit, ({ provider, connection }) => `${provider}/${connection}`);
  }
}

function nameOf(key: string): ConnectionName {
  const [provider = '', connection = ''] = key.split('/');
  return { provider, connection };
}
