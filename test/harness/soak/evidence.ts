import type { AttemptRow, BrokersDatabase, ConnectionRow } from '../brokers/index.js';
import type { GrantRecord, Upstream } from '../upstream/index.js';
import type { Account } from './accounts.js';
import { type Asked, CALLER } from './callers.js';
import type { Life } from './life.js';

/** A row of the audit log about a refresh. */
export interface RefreshEvent {
  readonly connection: string;
  readonly action: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly generation: number | null;
  readonly at: Date;
}

/** Everything that is known of an account when all is over. */
export interface Case {
  readonly account: Account;
  readonly record: GrantRecord;
  readonly row: ConnectionRow;
  readonly attempts: readonly AttemptRow[];
  readonly events: readonly RefreshEvent[];
  /** Attempts, of whichever account, whose answers lie whole in a spool. */
  readonly spooled: ReadonlySet<string>;
  /** True where it was renewed after the faults ended, and the provider takes the token that it hands out. */
  readonly renewed: boolean;
}

/** A row that says a token of this generation was issued for this request. */
export interface IssuedRow {
  readonly requestId: string | null;
  readonly generation: number;
}

/** What the verdict rests on. */
export interface Evidence {
  readonly cases: readonly Case[];
  readonly lives: readonly Life[];
  readonly asked: ReadonlyMap<string, Asked>;
  /** The rows `token.issued` of the soak's caller, in their order. */
  readonly issued: readonly IssuedRow[];
  /** Grants that nobody could have kept, as the upstream counts them. */
  readonly smallestPossibleLoss: ReadonlySet<string>;
}

const EVENTS = `select connection, action, outcome, reason, generation, at from audit_lines
  where action like 'refresh.%' order by at, stream, seq`;
const ATTEMPTS =
  'select c.name, a.* from attempts a join connections c on c.id = a.connection_id order by a.opened_at, a.fence';

/** Gathers it when nobody sends any more. Accounts whose connection was never made are left out. */
export async function gather(
  parts: Pick<Evidence, 'lives' | 'asked'> & Pick<Case, 'spooled'> & { readonly renewed: ReadonlySet<string> },
  accounts: readonly Account[],
  database: BrokersDatabase,
  upstream: Upstream,
): Promise<Evidence> {
  const records = new Map((await upstream.records()).map((record) => [record.grantId, record]));
  const rows = await database.rows<ConnectionRow & { name: string }>('select * from connections');
  const byName = new Map(rows.map((row) => [row.name, row]));
  const attempts = grouped(await database.rows<AttemptRow & { name: string }>(ATTEMPTS), ({ name }) => name);
  const events = grouped(await database.rows<RefreshEvent>(EVENTS), ({ connection }) => connection);
  const issued = await database.rows<IssuedRow>(
    `select request_id as "requestId", (body::json->>'generation')::int as generation
     from audit_events where action = 'token.issued' and caller = $1 order by at, stream, seq`,
    [CALLER],
  );
  const cases = accounts.flatMap((account): Case[] => {
    const { name, grant } = account;
    const row = byName.get(name);
    const record = records.get(grant.grantId);
    const known = { attempts: attempts.get(name) ?? [], events: events.get(name) ?? [], spooled: parts.spooled };
    return row && record ? [{ account, row, record, ...known, renewed: parts.renewed.has(name) }] : [];
  });
  const loss = await upstream.smallestPossibleLoss();
  return {
    cases,
    lives: parts.lives,
    asked: parts.asked,
    issued,
    smallestPossibleLoss: new Set(loss.map(({ grantId }) => grantId)),
  };
}

function grouped<Row>(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row)) ?? [];
    group.push(row);
    groups.set(keyOf(row), group);
  }
  return groups;
}
