import { LogRights } from '@app/audit';
import { Secret } from '@app/common';
import { grantsFor } from '@app/database';
import { generateKeyFile } from '@app/crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAuditReplica } from '../support/audit-replica.js';
import { type DatabaseRole, makeRole } from '../support/database-role.js';
import { sql } from '../support/test-database.js';

const NOT_PERMITTED = '42501';
const today = `audit_events_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe('the database role of a broker', () => {
  let role: DatabaseRole;

  beforeAll(async () => {
    // Whoever owns the tables may have been generous before, also for tables to come.
    role = await makeRole(
      (name) => `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${quoted(name)};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO ${quoted(name)}; ${grantsFor(name)}`,
    );
    await sql(grantsFor(role.name));
  });

  afterAll(() => role.drop());

  it.each(
    ['audit_events', today, 'audit_checkpoints'].flatMap((table) => [
      `UPDATE ${table} SET body = ''`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
    ]),
  )('should not be allowed: %s', async (statement) => {
    await expect(role.run(statement)).rejects.toMatchObject({ code: NOT_PERMITTED });
  });

  it.each([
    `DELETE FROM audit_streams`,
    `TRUNCATE audit_streams`,
    `DELETE FROM audit_signer`,
    `SELECT FROM ${today}`,
    `INSERT INTO ${today} SELECT * FROM audit_events`,
    `SELECT FROM audit_events FOR UPDATE`,
    `DROP TABLE audit_events`,
    `DROP TABLE ${today}`,
    `ALTER TABLE audit_events DETACH PARTITION ${today}`,
    `ALTER TABLE audit_events ALTER body DROP NOT NULL`,
    `ALTER TABLE audit_events DISABLE TRIGGER ALL`,
    `CREATE TRIGGER quiet BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    `CREATE RULE quiet AS ON INSERT TO audit_checkpoints DO INSTEAD NOTHING`,
    `CREATE TABLE audit_events_20200101 PARTITION OF audit_events FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')`,
    `CREATE FUNCTION audit_link(bytea, bigint, text) RETURNS bytea LANGUAGE sql AS ''`,
    `ALTER FUNCTION audit_drop_before(date) RESET ALL`,
    `SET session_replication_role = replica`,
  ])('should not be allowed either: %s', async (statement) => {
    await expect(role.run(statement)).rejects.toMatchObject({ code: NOT_PERMITTED });
  });

  it('should not be able to drop days that no checkpoint has retired, or that are not over', async () => {
    await expect(role.run(`SELECT audit_drop_before('2026-01-01')`)).rejects.toThrow('no checkpoint retires');
    await sql(`insert into audit_checkpoints values (1, now(), 's', '{"retired":{"streams":[]}}', '', '9999-12-31')`);
    await expect(role.run(`SELECT audit_drop_before(current_date + 2)`)).rejects.toThrow('is not over');
    await expect(role.run(`SELECT audit_drop_before(NULL)`)).rejects.toThrow('is not over');
    await sql('delete from audit_checkpoints');
  });

  it('should not reach the partitions that it makes, whatever the owner gives away by default', async () => {
    await sql(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO ${quoted(role.name)}, PUBLIC`);
    await role.run(`SELECT audit_make_partitions('2027-01-01', '2027-01-02')`);
    const may = await role.run(
      `SELECT has_table_privilege('audit_events_20270101', 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER') AS may`,
    );
    await sql(`ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM ${quoted(role.name)}, PUBLIC`);
    expect(may).toEqual([{ may: false }]);
  });

  it('should not lead functions of the owner to tables of its own', async () => {
    await role.run(
      'CREATE TEMPORARY TABLE audit_checkpoints (number bigint, retired_before date, body text, at timestamptz)',
    );
    await role.run(`INSERT INTO pg_temp.audit_checkpoints VALUES (1, '9999-12-31', '{}', now())`);
    await expect(role.run(`SELECT audit_drop_before('2026-01-01')`)).rejects.toThrow('no checkpoint retires');
    await role.run('DROP TABLE pg_temp.audit_checkpoints');
  });

  it('should reach everything else that there is', async () => {
    const missing = await role.run(`
      SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND NOT relispartition
        AND CASE relkind WHEN 'S' THEN NOT has_sequence_privilege(oid, 'USAGE') WHEN 'i' THEN FALSE WHEN 'I' THEN FALSE
          ELSE NOT has_table_privilege(oid, 'SELECT') END`);
    expect(missing).toEqual([]);
  });

  it.each([
    ...['providers', 'connections', 'attempts', 'spares', 'callers', 'api_keys'].map((table) => `DELETE FROM ${table}`),
    'UPDATE spares SET id = id',
    'INSERT INTO spares SELECT * FROM spares',
    'UPDATE database_identity SET timeline = timeline',
    'SELECT last_value FROM rotation_epoch',
  ])('should be allowed: %s', async (statement) => {
    await expect(role.run(`EXPLAIN ${statement}`)).resolves.not.toEqual([]);
  });

  it('should leave the functions of the owner to those who are granted them', async () => {
    const nobody = await makeRole((name) => `GRANT USAGE ON SCHEMA public TO ${quoted(name)}`);
    await expect(nobody.run(`SELECT audit_make_partitions('2027-01-01', '2027-01-02')`)).rejects.toThrow('denied');
    await expect(nobody.run(`SELECT audit_drop_before('2026-01-01')`)).rejects.toThrow('denied');
    await nobody.drop();
  });
});

/** What a broker with this database user says of its rights. */
const warnings = async (url: string): Promise<readonly unknown[]> => {
  const replica = await startAuditReplica({ keys: generateKeyFile(), config: { databaseUrl: new Secret(url) } });
  await replica.parts.get(LogRights).check();
  await replica.stop();
  return replica.lines.map(({ level, message }) => [level, message]);
};

describe(LogRights.name, () => {
  const TOO_MUCH = [['warn', expect.stringContaining('may change or delete rows of the audit log')]];

  it('should warn of a superuser, and of nobody with the rights of a broker', async () => {
    const role = await makeRole();
    expect(await warnings(process.env['DATABASE_URL'] ?? '')).toEqual(TOO_MUCH);
    expect(await warnings(role.url)).toEqual([]);
    await role.drop();
  });

  it.each([
    ['one right too many', (name: string) => `GRANT DELETE ON audit_checkpoints TO ${quoted(name)}`],
    ['a right on one partition', (name: string) => `GRANT UPDATE ON ${today} TO ${quoted(name)}`],
  ])('should warn of %s', async (_what, more) => {
    const role = await makeRole((name) => `${grantsFor(name)}; ${more(name)}`);
    expect(await warnings(role.url)).toEqual(TOO_MUCH);
    await role.drop();
  });
});
