import { Database, ROWS_WITHIN_MS } from '@app/database';
import { Injectable } from '@nestjs/common';
import { CALLER_COLUMNS, type CallerRow, toCaller } from '../caller-row.js';
import type { KeySource } from '../known-keys.js';
import { compileSubject, type Identity } from './identity.js';
import type { KnownIdentity } from './known-identity.js';

/** The very subject by the primary key; beside it the issuer's patterns that may match, of which the code decides. */
const FIND_CALLERS = String.raw`
select i.subject as pattern, ${CALLER_COLUMNS}
from caller_identities i join callers c on c.name = i.caller
where i.issuer = $1 and i.subject = $2
union all
select i.subject as pattern, ${CALLER_COLUMNS}
from caller_identities i join callers c on c.name = i.caller
where i.issuer = $1 and i.subject <> $2 and position('*' in i.subject) > 0
  and $2 like replace(replace(replace(replace(i.subject, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%')`;

interface Row extends CallerRow {
  readonly pattern: string;
}

/** Identities as authentication sees them: one statement. */
@Injectable()
export class KnownIdentitiesRepository implements KeySource<KnownIdentity> {
  constructor(private readonly database: Database) {}

  /** Whom the identity with this key (`keyOfIdentity`) names now. */
  findKey(key: string): Promise<KnownIdentity | undefined> {
    const [issuer = '', subject = ''] = JSON.parse(key) as readonly string[];
    return this.find({ issuer, subject });
  }

  /** Whom it names now; undefined where that is nobody. */
  async find(identity: Identity): Promise<KnownIdentity | undefined> {
    const { issuer, subject } = identity;
    const found = { name: 'find-identity', text: FIND_CALLERS, values: [issuer, subject], withinMs: ROWS_WITHIN_MS };
    const rows = await this.database.query<Row>(found);
    const [first, ...others] = rows.filter(({ pattern }) => compileSubject(pattern)(subject));
    if (first === undefined) {
      return undefined;
    }
    return {
      caller: { ...toCaller(first, issuer), identity },
      ambiguous: others.some(({ name }) => name !== first.name),
      callerExpiresAt: first.caller_expires_at?.getTime(),
    };
  }
}
