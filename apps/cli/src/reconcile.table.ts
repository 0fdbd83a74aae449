import { RECONCILE_RESULTS, type ReconcileLine, type ReconcileResult } from '@app/connections';

const HEAD = { name: 'CONNECTION', result: 'RESULT', generation: 'GENERATION', meaning: 'MEANING' };
type Row = typeof HEAD;

/** The lines as a table for people, connections that need nobody first. */
export function tableOf(lines: readonly ReconcileLine[]): string {
  const rows = [HEAD, ...lines.toSorted(leftLast).map(rowOf)];
  const widest = (column: keyof Row): number => Math.max(...rows.map((row) => row[column].length));
  const [name, result, generation] = [widest('name'), widest('result'), widest('generation')];
  const text = rows.map((row) =>
    [row.name.padEnd(name), row.result.padEnd(result), row.generation.padEnd(generation), row.meaning].join('  '),
  );
  return `${text.join('\n')}\n`;
}

/** How many lines of each result there are, and what is to be done next. */
export function summaryOf(lines: readonly ReconcileLine[], dryRun: boolean): string {
  const counts = new Map<ReconcileResult, number>();
  lines.forEach(({ result }) => counts.set(result, (counts.get(result) ?? 0) + 1));
  const parts = [...counts].map(([result, count]) => `${count} ${result}`);
  const left = lines.filter(isLeft).length;
  const next =
    left === 0
      ? 'Nothing is left to do.'
      : `${left} ${left === 1 ? 'needs' : 'need'} a person: store a new credential (docs/operations.md), or mend what the table names and run this again.`;
  const what = lines.length === 1 ? 'connection' : 'connections';
  return `${lines.length} ${what}: ${parts.join(', ')}. ${next}${dryRun ? ' Nothing was changed (--dry-run).' : ''}\n`;
}

/** True for a connection that needs a person. */
export const isLeft = ({ result }: ReconcileLine): boolean => RECONCILE_RESULTS[result].left;

function rowOf({ provider, connection, result, from, to, detail }: ReconcileLine): Row {
  const { meaning } = RECONCILE_RESULTS[result];
  return {
    name: `${provider}/${connection}`,
    result,
    generation: from === to ? String(from) : `${from} → ${to}`,
    meaning: detail === undefined ? meaning : `${meaning} (${detail})`,
  };
}

const leftLast = (one: ReconcileLine, other: ReconcileLine): number => Number(isLeft(one)) - Number(isLeft(other));
