import type { Case, Evidence } from './evidence.js';

/** A row has the time that its replica takes for the database's: off by half of what its quickest question took, at a busy start. */
const TOLERANCE_MS = 100;

/** Tokens that callers hold and the audit log does not know: their request ids. */
export function unrecordedTokens({ asked, issued }: Evidence): readonly string[] {
  const recorded = new Set(issued.map(({ requestId }) => requestId));
  return [...asked].filter(([id, { hasToken }]) => hasToken && !recorded.has(id)).map(([id]) => id);
}

/** How the tokens that the log says were issued divide. */
export interface IssuedRows {
  readonly received: number;
  /** The caller got no answer: its replica was killed, or stood still for longer than the caller waited. */
  readonly answerLost: number;
  /** The row was committed, but too late for the answer, which refused. */
  readonly refusedAfterAll: number;
  /** The connection was renewed between the row and its release, so what was released instead has a row of its own. */
  readonly withheld: number;
  /** Nobody asked for it, it is there twice, or its caller was told something else: the request's id and what it was told. */
  readonly unexplained: readonly string[];
}

/**
 * Where the commit of a row was not heard of in time the token stays here; and where it was, but not with which change mark, the
 * caller is looked up anew, which fails while Postgres is away. The row stands all the same, with one of the refusal behind it.
 */
const REFUSED_AFTER_ITS_ROW: ReadonlySet<string> = new Set(['audit_unavailable', 'storage_unavailable']);

/** Only a later generation explains another row of a request. */
const isRepeated = (generation: number, before: number | undefined): boolean =>
  before !== undefined && generation <= before;

/** Holds every row `token.issued` against what its caller got. */
export function issuedRows({ asked, issued }: Evidence): IssuedRows {
  const generations = new Map<string, number>();
  const unexplained: string[] = [];
  let [received, answerLost, refusedAfterAll, withheld] = [0, 0, 0, 0];
  for (const { requestId: id, generation } of issued) {
    const answer = asked.get(id ?? '');
    const before = generations.get(id ?? '');
    if (answer === undefined || isRepeated(generation, before) || (answer.status === 200 && !answer.hasToken)) {
      unexplained.push(
        `${id}: ${answer === undefined ? 'nobody asked' : isRepeated(generation, before) ? 'twice' : 'no token'}`,
      );
    } else if (before !== undefined) {
      withheld += 1;
    } else if (answer.hasToken) {
      received += 1;
    } else if (answer.status === null) {
      answerLost += 1;
    } else if (answer.code !== null && REFUSED_AFTER_ITS_ROW.has(answer.code)) {
      refusedAfterAll += 1;
    } else {
      unexplained.push(`${id}: ${answer.status} ${answer.code}`);
    }
    generations.set(id ?? '', generation);
  }
  return { received, answerLost, refusedAfterAll, withheld, unexplained };
}

/** Requests that the upstream saw before as many intents stood in the log: their ids. */
export function unannouncedRequests({ record, events }: Case): readonly number[] {
  return (['token', 'introspection'] as const).flatMap((endpoint) => {
    const asks = endpoint === 'introspection';
    const intents = events
      .filter(({ action, reason }) => action === 'refresh.started' && reason?.endsWith('_introspect') === asks)
      .map(({ at }) => at.getTime());
    return record.requests
      .filter((request) => request.endpoint === endpoint)
      .filter(({ at }, index) => intents.filter((intent) => intent <= at + TOLERANCE_MS).length <= index)
      .map(({ id }) => id);
  });
}

/** Attempts that nobody closed, or whose outcome is not in the log. */
export const unfinishedAttempts = ({ attempts }: Case): readonly string[] =>
  attempts.filter(({ closed_at, recorded }) => closed_at === null || !recorded).map(({ id }) => id);

/** One-shot refreshes that went over a connection which had carried another request. */
export const reusedConnections = ({ record }: Case): readonly number[] =>
  record.kind === 'static'
    ? []
    : record.requests
        .filter(({ endpoint, onConnection }) => endpoint === 'token' && onConnection > 1)
        .map(({ id }) => id);
