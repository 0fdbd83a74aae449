const OWN = "connamespace = 'public'::regnamespace and conrelid::regclass::text <> '_prisma_migrations'";

const COLUMNS = `
select format('%s.%s', table_name, column_name) as name, udt_name as type, is_nullable = 'YES' as nullable,
  column_default is not null or is_identity = 'YES' or is_generated = 'ALWAYS' as filled
from information_schema.columns where table_schema = 'public' and table_name <> '_prisma_migrations' order by 1`;

/** Constraints, unique indexes and triggers: what refuses a row. */
const RULES = `
select format('%s: %s', conrelid::regclass, pg_get_constraintdef(oid)) as rule from pg_constraint where ${OWN} and contype <> 'n'
union all
select format('%s: %s', tablename, regexp_replace(indexdef, '^CREATE UNIQUE INDEX .* ON [^ ]+ ', 'UNIQUE ')) from pg_indexes
where schemaname = 'public' and tablename <> '_prisma_migrations' and indexdef like 'CREATE UNIQUE%'
union all
select format('%s: TRIGGER %s', tgrelid::regclass, tgname) from pg_trigger where not tgisinternal
order by 1`;

/** What the statements of a version may count on, and what refuses their rows. */
export async function readShape(client) {
  const { rows: columns } = await client.query(COLUMNS);
  const { rows: rules } = await client.query(RULES);
  return { columns, rules: rules.map(({ rule }) => rule) };
}
