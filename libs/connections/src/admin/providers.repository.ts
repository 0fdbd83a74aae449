import type { Secret } from '@app/common';
import type { Envelopes } from '@app/crypto';
import type { Prisma, Transaction } from '@app/database';
import { openFields, sealFields } from '../sealing.js';
import type { HostMark } from './hosts.js';
import type { ProviderRecord } from './provider-record.js';

/** A provider's configuration, checked and ready to be stored. */
export interface ProviderFields {
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly hosts: HostMark;
}

type Row = Prisma.ProviderGetPayload<object>;

/** The table `providers`, inside a transaction. */
export class ProvidersRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly envelopes: Envelopes,
  ) {}

  async find(name: string): Promise<ProviderRecord | undefined> {
    const row = await this.transaction.provider.findUnique({ where: { name } });
    return row === null ? undefined : toRecord(row);
  }

  /** Its whole configuration, secrets opened. */
  async findFields(name: string): Promise<ProviderFields | undefined> {
    const row = await this.transaction.provider.findUnique({ where: { name } });
    if (row === null) {
      return undefined;
    }
    const place = { table: 'providers', row: name, generation: row.secretsGeneration } as const;
    const secrets = row.secrets === null ? {} : await openFields(this.envelopes, place, row.secrets);
    return { type: row.type, settings: row.settings as Record<string, unknown>, secrets, hosts: markOf(row) };
  }

  /** Up to `count` providers whose names follow `after`, by name. */
  async listAfter(after: string | undefined, count: number): Promise<ProviderRecord[]> {
    const where = after === undefined ? {} : { name: { gt: after } };
    const rows = await this.transaction.provider.findMany({ where, orderBy: { name: 'asc' }, take: count });
    return rows.map(toRecord);
  }

  /** Creates or replaces; the secrets are sealed anew for the next generation. */
  async save(name: string, { type, settings, secrets, hosts }: ProviderFields, now: Date): Promise<ProviderRecord> {
    const before = await this.transaction.provider.findUnique({ where: { name }, select: { secretsGeneration: true } });
    const generation = (before?.secretsGeneration ?? 0) + 1;
    const data = {
      type,
      settings: settings as Prisma.InputJsonObject,
      secrets: new Uint8Array(await sealFields(this.envelopes, { table: 'providers', row: name, generation }, secrets)),
      secretFields: Object.keys(secrets),
      secretsGeneration: generation,
      confirmedHosts: [...hosts.confirmed],
      unconfirmedHosts: [...hosts.unconfirmed],
      refusedReason: null,
      refusedStatus: null,
      refusedAt: null,
      updatedAt: now,
    };
    const row =
      before === null
        ? await this.transaction.provider.create({ data: { ...data, name, createdAt: now } })
        : await this.transaction.provider.update({ where: { name }, data: { ...data, version: { increment: 1 } } });
    return toRecord(row);
  }

  /** Its hosts are confirmed as they stand. */
  async confirmHosts(name: string, now: Date): Promise<ProviderRecord> {
    const data = { confirmedHosts: [], unconfirmedHosts: [], updatedAt: now, version: { increment: 1 } };
    return toRecord(await this.transaction.provider.update({ where: { name }, data }));
  }

  async delete(name: string): Promise<void> {
    await this.transaction.provider.delete({ where: { name } });
  }

  async hasConnections(name: string): Promise<boolean> {
    return (await this.transaction.connection.findFirst({ where: { provider: name }, select: { id: true } })) !== null;
  }

  /** Connections that wait for a change of settings or secrets may try again. */
  async reactivateConnections(name: string): Promise<void> {
    await this.transaction.$executeRaw`
      update connections set state = 'active', state_reason = null, state_upstream_status = null, state_parameter = null,
        next_step = 'refresh', retry_at = null, refresh_at = clock_timestamp(), updated_at = clock_timestamp()
      where provider = ${name} and state in ('misconfigured', 'reauthorization_required')
        and state_reason is distinct from 'credential_used'`;
  }
}

const markOf = ({ confirmedHosts: confirmed, unconfirmedHosts: unconfirmed }: Row): HostMark => ({
  confirmed,
  unconfirmed,
});

const toRecord = (row: Row): ProviderRecord => ({
  name: row.name,
  type: row.type,
  settings: row.settings as Record<string, unknown>,
  secretFields: row.secretFields,
  hosts: markOf(row),
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});
