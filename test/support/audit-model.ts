import type { AuditAction, AuditOutcome } from '@app/audit';
import { sql } from './test-database.js';

/** Who does something, as the log names it: a caller with one of its keys, the broker itself, or nobody who proved who they are. */
export type ModelActor = { readonly caller: string; readonly key: string } | 'system' | 'anonymous';

/** How often each happened, by "who action outcome". */
export type Sums = Readonly<Record<string, number>>;

/** What the log must say: how many events of each kind there were. Knows nothing of how, or in how many rows, they are written. */
export class AuditModel {
  readonly #sums = new Map<string, number>();

  expect(actor: ModelActor, action: AuditAction, outcome: AuditOutcome, count = 1): void {
    const who = typeof actor === 'string' ? actor : `${actor.caller}/${actor.key.split('_')[1]}`;
    const kind = `${who} ${action} ${outcome}`;
    this.#sums.set(kind, (this.#sums.get(kind) ?? 0) + count);
  }

  get sums(): Sums {
    return Object.fromEntries([...this.#sums].toSorted());
  }
}

/** What the log says: the sum of `count` of each kind. */
export async function recordedSums(): Promise<Sums> {
  const rows = await sql<{ kind: string; count: number }>(`
    SELECT concat_ws(' ', CASE actor WHEN 'caller' THEN caller || '/' || key_id ELSE actor END, action, outcome) AS kind,
      sum(count)::int AS count FROM audit_lines GROUP BY 1`);
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
}

/** Only the kinds of which the two say something else: [the model, the log]. */
export const differences = (model: Sums, log: Sums): Readonly<Record<string, readonly [number, number]>> =>
  Object.fromEntries(
    [...new Set([...Object.keys(model), ...Object.keys(log)])]
      .filter((kind) => model[kind] !== log[kind])
      .map((kind) => [kind, [model[kind] ?? 0, log[kind] ?? 0]] as const),
  );
