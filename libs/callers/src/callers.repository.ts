import type { Transaction } from '@app/database';
import { isRole } from './caller.js';
import type { CallerFields, CallerRecord } from './caller-record.js';
import type { Identity } from './identity/identity.js';
import type { AdminStanding } from './last-admin.js';
import { noSuchCaller } from './refusals.js';
import { ofRuleColumns, toRuleColumns } from './rule-columns.js';

/** Its identities come with each caller, in the order in which they were given. */
const include = { identities: { select: { issuer: true, subject: true }, orderBy: { index: 'asc' } } } as const;

type Row = Omit<CallerRecord, 'roles' | 'rules'> & {
  readonly roles: readonly string[];
  readonly rules: readonly string[];
  readonly limitedRules: unknown;
};

const toRecord = ({ roles, rules, limitedRules, ...row }: Row): CallerRecord => ({
  ...row,
  roles: roles.filter(isRole),
  rules: ofRuleColumns(rules, limitedRules),
});

const identityRows = ({ identities }: CallerFields) => identities.map((identity, index) => ({ ...identity, index }));

function columns({ description, roles, rules, expiresAt }: CallerFields) {
  const { rules: plain, limitedRules } = toRuleColumns(rules);
  return { description, roles: [...roles], rules: [...plain], limitedRules: [...limitedRules], expiresAt };
}

/** An identity and whose it is. */
export interface TakenIdentity extends Identity {
  readonly caller: string;
}

/** The tables `callers` and `caller_identities`, inside a transaction or out of one. */
export class CallersRepository {
  constructor(private readonly client: Pick<Transaction, 'caller' | 'callerIdentity'>) {}

  async find(name: string): Promise<CallerRecord | undefined> {
    const row = await this.client.caller.findUnique({ where: { name }, include });
    return row === null ? undefined : toRecord(row);
  }

  /** Throws `not_found` where there is no such caller. */
  async require(name: string): Promise<CallerRecord> {
    const caller = await this.find(name);
    if (caller === undefined) {
      throw noSuchCaller(name);
    }
    return caller;
  }

  /** Up to `count` callers whose names follow `after`, by name. */
  async listAfter(after: string | undefined, count: number): Promise<readonly CallerRecord[]> {
    const where = after === undefined ? {} : { name: { gt: after } };
    const rows = await this.client.caller.findMany({ where, orderBy: { name: 'asc' }, take: count, include });
    return rows.map(toRecord);
  }

  async hasAdmin(): Promise<boolean> {
    return (await this.client.caller.findFirst({ where: { roles: { has: 'admin' } } })) !== null;
  }

  /** An identity that another caller than `name` has in the very same words. */
  async findTaken(name: string, identities: readonly Identity[]): Promise<TakenIdentity | undefined> {
    const where = { caller: { not: name }, OR: identities.map(({ issuer, subject }) => ({ issuer, subject })) };
    return (await this.client.callerIdentity.findFirst({ where })) ?? undefined;
  }

  /** Every caller with the role `admin`, and whether one of its keys is good at `now`. */
  async listAdmins(now: Date): Promise<readonly AdminStanding[]> {
    const live = { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
    const rows = await this.client.caller.findMany({
      where: { roles: { has: 'admin' } },
      select: { expiresAt: true, keys: { where: live, select: { keyId: true }, take: 1 } },
    });
    return rows.map(({ expiresAt, keys }) => ({ expiresAt, hasLiveKey: keys.length > 0 }));
  }

  async insert(name: string, fields: CallerFields, now: Date): Promise<CallerRecord> {
    const identities = { create: identityRows(fields) };
    const data = { name, ...columns(fields), identities, createdAt: now, updatedAt: now };
    return toRecord(await this.client.caller.create({ data, include }));
  }

  async update(name: string, fields: CallerFields, now: Date): Promise<CallerRecord> {
    const identities = { deleteMany: {}, create: identityRows(fields) };
    const data = { ...columns(fields), identities, version: { increment: 1 }, updatedAt: now };
    return toRecord(await this.client.caller.update({ where: { name }, data, include }));
  }

  /** Its keys go with it. */
  async delete(name: string): Promise<void> {
    await this.client.caller.delete({ where: { name } });
  }
}
