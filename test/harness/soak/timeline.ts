import type { Happened } from './chaos.js';
import { deliveryOf } from './delivery.js';
import type { Case } from './evidence.js';
import type { Life } from './life.js';

type Line = readonly [at: number, text: string];

const timeOf = (at: number): string => new Date(at).toISOString().slice(11, 23);
const replicaOf = (id: string, lives: readonly Life[]): string =>
  `replica ${lives.find((life) => life.id === id)?.replica ?? '?'}`;

/** Everything that is known of an account in the order of time, for whoever must find out what went wrong. */
export function timelineOf(one: Case, lives: readonly Life[], happened: readonly Happened[]): string {
  const { account, row } = one;
  const lines = [...attemptLines(one, lives), ...requestLines(one, lives), ...worldLines(one, lives, happened)];
  const sorted = lines.toSorted(([at], [other]) => at - other).map(([at, text]) => `  ${timeOf(at)}  ${text}`);
  const end = `now: ${row.state} (${row.state_reason ?? 'no reason'}), generation ${row.generation}, ${row.last_outcome ?? '–'}/${row.last_reason ?? '–'}`;
  return [`${account.name} (${account.kind}${account.introspection ? ', asks' : ''})`, ...sorted, `  ${end}`].join(
    '\n',
  );
}

function attemptLines({ attempts }: Case, lives: readonly Life[]): Line[] {
  return attempts.flatMap(
    ({ id, step, trigger, generation, holder, opened_at, sent_at, closed_at, ...end }): Line[] => {
      const name = `attempt ${id.slice(-6)}`;
      const told = `${end.outcome ?? 'open'}${end.reason === null ? '' : `/${end.reason}`}${end.recorded ? '' : ', not in the log'}`;
      return [
        [
          opened_at.getTime(),
          `${name} opened by ${replicaOf(holder, lives)}: ${trigger}_${step} of generation ${generation}`,
        ],
        ...(sent_at === null ? [] : [[sent_at.getTime(), `${name} marked as sent`] as const]),
        ...(closed_at === null ? [] : [[closed_at.getTime(), `${name} closed: ${told}`] as const]),
      ];
    },
  );
}

function requestLines(one: Case, lives: readonly Life[]): Line[] {
  const { requests, reuses } = one.record;
  const seen = requests.map((request): Line => {
    const { id, at, endpoint, token, fault, outcome, consumed, issued, status, reachedAt, answeredAt, closedAt } =
      request;
    const times = { reached: reachedAt, answered: answeredAt, closed: closedAt };
    const since = Object.entries(times).map(([what, when]) => `${what} ${when === null ? 'never' : `+${when - at}`}`);
    const went = consumed ? `consumed, issued ${issued ?? 'none'}, ${deliveryOf(request, one, lives)}` : 'not consumed';
    const facts = [`fault ${fault ?? 'none'}`, outcome ?? 'no outcome', went, `status ${status ?? 'none'}`, ...since];
    return [at, `  upstream: ${endpoint} ${id} with ${token ?? 'no token'}: ${facts.join(', ')}`];
  });
  return [
    ...seen,
    ...reuses.map(({ at, token, request }): Line => [at, `  upstream: REUSE of ${token} by ${request}`]),
  ];
}

/** What happened to everybody, or to this one, while it lived. */
function worldLines({ account, attempts }: Case, lives: readonly Life[], happened: readonly Happened[]): Line[] {
  const from = attempts[0]?.opened_at.getTime() ?? 0;
  const to = Math.max(...attempts.map(({ closed_at, opened_at }) => (closed_at ?? opened_at).getTime())) + 5000;
  const told = happened
    .filter(({ what }) => what.includes(` for ${account.name}`) || what.includes('for all') || !what.includes(' for '))
    .map(({ at, what }): Line => [at, `    ${what}`]);
  const stretches = lives.flatMap(({ replica, startedAt, killedAt, freezes }): Line[] => [
    [startedAt, `    replica ${replica} up`],
    ...(killedAt === null ? [] : [[killedAt, `    replica ${replica} killed`] as const]),
    ...freezes.flatMap((freeze): Line[] => [
      [freeze.from, `    replica ${replica} frozen`],
      ...(freeze.to === null ? [] : [[freeze.to, `    replica ${replica} goes on`] as const]),
    ]),
  ]);
  return [...told, ...stretches].filter(([at]) => at >= from && at <= to);
}
