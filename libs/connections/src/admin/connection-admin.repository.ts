import type { ConnectionName, Secret } from '@app/common';
import type { Envelopes } from '@app/crypto';
import type { Prisma, Transaction } from '@app/database';
import { toTrouble } from '../connection-row.js';
import { openFields, sealFields, type SealedToken, sealToken } from '../sealing.js';
import { shownAs } from './connection-hosts.repository.js';
import { CONFIRMED, type HostMark } from './hosts.js';
import type { ConnectionFilter, ConnectionRecord } from './connection-record.js';

/** A token to store with a connection. */
export interface StoredToken {
  readonly sealed: SealedToken;
  readonly expiresAt: Date;
  readonly refreshAt: Date;
}

/** A connection's configuration, checked and ready to be stored under the next generation. */
export interface ConnectionFields {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credential: Readonly<Record<string, Secret>>;
  readonly token: StoredToken | undefined;
  readonly hosts: HostMark;
}

/** Where a list goes on: behind this row, newest change first. */
export interface ConnectionPlace {
  readonly updatedAt: Date;
  readonly id: string;
}

type Row = Prisma.ConnectionGetPayload<object>;

/** What a replaced credential or setting undoes: whatever was the matter with the old one. */
const UNTROUBLED = {
  stateReason: null,
  stateUpstreamStatus: null,
  stateParameter: null,
  retryAt: null,
  nextStep: 'refresh',
  consecutiveFailures: 0,
  lastOutcome: null,
  lastReason: null,
  lastUpstreamStatus: null,
} as const;

/** The table `connections` for administrative changes, inside a transaction. */
export class ConnectionAdminRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly envelopes: Envelopes,
  ) {}

  /** The connection, locked until the transaction ends, so that no refresh is adopted between reading and writing. */
  async findLocked({ provider, connection }: ConnectionName): Promise<ConnectionRecord | undefined> {
    await this.transaction.$queryRaw`
      select id from connections where provider = ${provider} and name = ${connection} for update`;
    return this.find({ provider, connection });
  }

  async find({ provider, connection }: ConnectionName): Promise<ConnectionRecord | undefined> {
    const where = { provider_name: { provider, name: connection } };
    const row = await this.transaction.connection.findUnique({ where });
    return row === null ? undefined : toRecord(row);
  }

  /** Its own secret fields, opened. */
  async findCredential(id: string): Promise<Record<string, Secret>> {
    const { credential, generation } = await this.transaction.connection.findUniqueOrThrow({ where: { id } });
    return openFields(this.envelopes, { table: 'connections', row: id, generation }, credential);
  }

  /** Newest change first. */
  async list(filter: ConnectionFilter, after: ConnectionPlace | undefined, count: number): Promise<ConnectionRecord[]> {
    const { provider, state, q } = filter;
    const rows = await this.transaction.connection.findMany({
      where: {
        ...(provider === undefined ? {} : { provider }),
        ...(state === undefined ? {} : { AND: shownAs(state) }),
        ...(q === undefined ? {} : { name: { contains: literally(q) } }),
        ...(after === undefined
          ? {}
          : { OR: [{ updatedAt: { lt: after.updatedAt } }, { updatedAt: after.updatedAt, id: { lt: after.id } }] }),
      },
      orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
      take: count,
    });
    return rows.map(toRecord);
  }

  async insert(id: string, name: ConnectionName, fields: ConnectionFields, now: Date): Promise<ConnectionRecord> {
    const data = { ...(await this.#columns(id, 1, fields, now)), createdAt: now };
    const row = await this.transaction.connection.create({
      data: { ...data, id, provider: name.provider, name: name.connection },
    });
    return toRecord(row);
  }

  /** Replaces everything, under the next generation; a paused connection stays paused. */
  async replace(before: ConnectionRecord, fields: ConnectionFields, now: Date): Promise<ConnectionRecord> {
    const generation = before.generation + 1;
    const row = await this.transaction.connection.update({
      where: { id: before.id },
      data: {
        ...(await this.#columns(before.id, generation, fields, now)),
        spares: { deleteMany: {} },
        ...UNTROUBLED,
        ...activeUnlessPaused(before),
        version: { increment: 1 },
      },
    });
    return toRecord(row);
  }

  /** Replaces the settings; credential and token stay, and are renewed at once, unless it is not certain that the credential is unused. */
  async updateSettings(
    before: ConnectionRecord,
    { settings, hosts }: Pick<ConnectionFields, 'settings' | 'hosts'>,
    now: Date,
  ): Promise<ConnectionRecord> {
    const row = await this.transaction.connection.update({
      where: { id: before.id },
      data: {
        settings: settings as Prisma.InputJsonObject,
        ...hostColumns(hosts),
        ...(mayBeUsed(before) ? {} : { ...UNTROUBLED, ...activeUnlessPaused(before) }),
        refreshAt: now,
        updatedAt: now,
        version: { increment: 1 },
      },
    });
    return toRecord(row);
  }

  /** Replaces settings, and what no refresh consumes of credential and token: the generation, and what was sent of it, stays. */
  async amend(before: ConnectionRecord, fields: ConnectionFields, now: Date): Promise<ConnectionRecord> {
    const {
      credentialUpdatedAt: _,
      credentialSince: __,
      ...columns
    } = await this.#columns(before.id, before.generation, fields, now);
    const { token, tokenIssuedAt, tokenExpiresAt, tokenLifetimeSeconds, ...rest } = columns;
    const brought = fields.token === undefined ? {} : { token, tokenIssuedAt, tokenExpiresAt, tokenLifetimeSeconds };
    const row = await this.transaction.connection.update({
      where: { id: before.id },
      data: {
        ...rest,
        ...brought,
        ...(mayBeUsed(before) ? {} : { ...UNTROUBLED, ...activeUnlessPaused(before) }),
        version: { increment: 1 },
      },
    });
    return toRecord(row);
  }

  async pause({ id }: ConnectionRecord, now: Date): Promise<ConnectionRecord> {
    const data = { state: 'paused', updatedAt: now, version: { increment: 1 } };
    return toRecord(await this.transaction.connection.update({ where: { id }, data }));
  }

  /**
   * Makes it active again, whatever it waited for; whether what was sent may be sent again is still looked at first. One that was
   * paused while the database was restored is quarantined as the others are: resuming that is a second word. It confirms no hosts.
   */
  async resume({ id, state, stateTrouble }: ConnectionRecord, now: Date): Promise<ConnectionRecord> {
    const quarantined = state === 'paused' && stateTrouble?.reason === 'database_restored';
    const moved = quarantined ? { state: 'uncertain' } : { ...UNTROUBLED, state: 'active' };
    const data = { ...moved, refreshAt: now, updatedAt: now, version: { increment: 1 } };
    return toRecord(await this.transaction.connection.update({ where: { id }, data }));
  }

  /** Its hosts are confirmed as they stand, and it is due at once; whatever else it waits for, it waits for still. */
  async confirmHosts({ id }: ConnectionRecord, now: Date): Promise<ConnectionRecord> {
    const data = { ...hostColumns(CONFIRMED), refreshAt: now, updatedAt: now, version: { increment: 1 } };
    return toRecord(await this.transaction.connection.update({ where: { id }, data }));
  }

  async delete({ id }: ConnectionRecord): Promise<void> {
    await this.transaction.connection.delete({ where: { id } });
  }

  async #columns(id: string, generation: number, { settings, credential, token, hosts }: ConnectionFields, now: Date) {
    const place = { table: 'connections', row: id, generation } as const;
    return {
      settings: settings as Prisma.InputJsonObject,
      ...hostColumns(hosts),
      credential: new Uint8Array(await sealFields(this.envelopes, place, credential)),
      credentialFields: Object.keys(credential),
      credentialUpdatedAt: now,
      credentialSince: generation,
      generation,
      token: token === undefined ? null : new Uint8Array(await sealToken(this.envelopes, place, token.sealed)),
      tokenIssuedAt: token === undefined ? null : now,
      tokenExpiresAt: token?.expiresAt ?? null,
      tokenLifetimeSeconds: null,
      refreshAt: token?.refreshAt ?? now,
      updatedAt: now,
    };
  }
}

/** Prisma hands the text to LIKE as it is: there, `_` and `%` stand for other characters. */
const literally = (text: string): string => text.replaceAll(/[\\%_]/g, String.raw`\$&`);

/** What other settings cannot mend: the credential was sent, or may have been, or is older than the provider's. */
const mayBeUsed = ({ state, stateTrouble }: ConnectionRecord): boolean =>
  state === 'uncertain' || ['credential_used', 'database_restored'].includes(stateTrouble?.reason ?? '');

const activeUnlessPaused = ({ state }: ConnectionRecord): { state: string } => ({
  state: state === 'paused' ? 'paused' : 'active',
});

const hostColumns = ({ confirmed, unconfirmed }: HostMark) => ({
  confirmedHosts: [...confirmed],
  unconfirmedHosts: [...unconfirmed],
});

const toRecord = (row: Row): ConnectionRecord => ({
  id: row.id,
  provider: row.provider,
  connection: row.name,
  state: row.state as ConnectionRecord['state'],
  stateTrouble: toTrouble(row.stateReason, row.stateUpstreamStatus, row.stateParameter),
  settings: row.settings as Record<string, unknown>,
  credentialFields: row.credentialFields,
  credentialUpdatedAt: row.credentialUpdatedAt,
  generation: row.generation,
  token:
    row.tokenIssuedAt === null || row.tokenExpiresAt === null
      ? null
      : { issuedAt: row.tokenIssuedAt, expiresAt: row.tokenExpiresAt },
  hosts: { confirmed: row.confirmedHosts, unconfirmed: row.unconfirmedHosts },
  refreshAt: row.refreshAt,
  lastAttemptAt: row.lastAttemptAt,
  lastOutcome: row.lastOutcome,
  lastTrouble: toTrouble(row.lastReason, row.lastUpstreamStatus, null),
  consecutiveFailures: row.consecutiveFailures,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});
