import type { SealedPlace } from '../sealing.js';

/** A column that holds envelopes, and how its rows are named. */
export interface SealedColumn {
  readonly table: SealedPlace['table'];
  readonly column: 'credential' | 'token' | 'secrets';
  readonly id: string;
  readonly type: 'uuid' | 'text';
  /** The column that the envelope's generation stands in. */
  readonly generation: string;
}

/** Every column that holds envelopes. What is missing here would not be re-wrapped, and be lost with its key. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'connections', column: 'credential', id: 'id', type: 'uuid', generation: 'generation' },
  { table: 'connections', column: 'token', id: 'id', type: 'uuid', generation: 'generation' },
  { table: 'providers', column: 'secrets', id: 'name', type: 'text', generation: 'secrets_generation' },
  { table: 'spares', column: 'credential', id: 'id', type: 'uuid', generation: 'generation' },
  { table: 'spares', column: 'token', id: 'id', type: 'uuid', generation: 'generation' },
];

/** The bytes of the key's id in an envelope, as the indexes have it. */
export const KEY_OF = (column: string): string =>
  `(case when length(${column}) > 1 then substring(${column} from 3 for get_byte(${column}, 1)) end)`;

/** The lowest id of each type. */
export const FIRST_ID = { uuid: '00000000-0000-0000-0000-000000000000', text: '' } as const;

/** $1 key id in bytes · $2 after this row · $3 limit. What one key sealed, in the order of the rows. */
export const sealedWith = ({ table, column, id, type, generation }: SealedColumn) => ({
  name: `rewrap-page-${table}-${column}`,
  text: `
select ${id}::text as row, ${generation} as generation, ${column} as sealed from ${table}
where ${KEY_OF(column)} = $1::bytea and ${id} > $2::${type} order by ${KEY_OF(column)}, ${id} limit $3`,
});

/**
 * $1 rows · $2 envelopes as they were read · $3 as they are to be. A row that somebody holds is left for the next pass; one that
 * was sealed anew meanwhile is never overwritten.
 */
export const replaceSealed = ({ table, column, id, type }: SealedColumn) => ({
  name: `rewrap-${table}-${column}`,
  text: `
with given as (select * from unnest($1::${type}[], $2::bytea[], $3::bytea[]) as g(id, before, after)),
free as (
  select t.${id} as id from ${table} t join given g on t.${id} = g.id where t.${column} = g.before
  for update of t skip locked
)
update ${table} t set ${column} = g.after from given g join free f on f.id = g.id
where t.${id} = g.id and t.${column} = g.before
returning t.${id}`,
});
