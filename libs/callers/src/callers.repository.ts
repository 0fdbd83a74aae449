import type { Transaction } from '@app/database';
import { isRole } from './caller.js';
import type { CallerFields, CallerRecord } from './caller-record.js';
import type { AdminStanding } from './last-admin.js';
import { noSuchCaller } from './refusals.js';
import { ofRuleColumns, toRuleColumns } from './rule-columns.js';

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

function columns({ description, roles, rules, expiresAt }: CallerFields) {
  const { rules: plain, limitedRules } = toRuleColumns(rules);
  return { description, roles: [...roles], rules: [...plain], limitedRules: [...limitedRules], expiresAt };
}

/** The table `callers`, inside a transaction or out of one. */
export class CallersRepository {
  constructor(private readonly client: Pick<Transaction, 'caller'>) {}

  async find(name: string): Promise<CallerRecord | undefined> {
    const row = await this.client.caller.findUnique({ where: { name } });
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
    const rows = await this.client.caller.findMany({ where, orderBy: { name: 'asc' }, take: count });
    return rows.map(toRecord);
  }

  async hasAdmin(): Promise<boolean> {
    return (await this.client.caller.findFirst({ where: { roles: { has: 'admin' } } })) !== null;
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
    return toRecord(
      await this.client.caller.create({ data: { name, ...columns(fields), createdAt: now, updatedAt: now } }),
    );
  }

  async update(name: string, fields: CallerFields, now: Date): Promise<CallerRecord> {
    const data = { ...columns(fields), version: { increment: 1 }, updatedAt: now };
    return toRecord(await this.client.caller.update({ where: { name }, data }));
  }

  /** Its keys go with it. */
  async delete(name: string): Promise<void> {
    await this.client.caller.delete({ where: { name } });
  }
}
