import { Injectable } from '@nestjs/common';
import type { Caller } from '@app/callers';
import { type ConnectionName, keyOfCursor, type Page, type PageRequest, toPage } from '@app/common';
import { ConnectionsRepository, type CoveredConnection } from '@app/connections';

const CURSOR = /^[a-z0-9._-]{1,63}\/[a-z0-9._-]{1,63}$/;

/** What a caller may ask for. */
@Injectable()
export class CoveredConnections {
  constructor(private readonly connections: ConnectionsRepository) {}

  /** Connections that the caller's rules cover, by name. @throws BrokerError `invalid_request` for a foreign cursor. */
  async list(caller: Caller, { limit, cursor }: PageRequest): Promise<Page<CoveredConnection>> {
    const after = cursor === undefined ? { provider: '', connection: '' } : nameOf(keyOfCursor(cursor, CURSOR));
    const rules = caller.rules.map(({ text }) => text);
    const rows = await this.connections.findCovered(rules, after, limit + 1);
    return toPage(rows, limit, ({ provider, connection }) => `${provider}/${connection}`);
  }
}

function nameOf(key: string): ConnectionName {
  const [provider = '', connection = ''] = key.split('/');
  return { provider, connection };
}
