import { deliveryOf, type Delivery, heldMs } from './delivery.js';
import type { Case, Evidence } from './evidence.js';
import type { Life } from './life.js';
import { issuedRows } from './log-check.js';
import { isUnavoidable, unused } from './losses.js';
import { senderOf } from './sender.js';
import { causeOf, type ReuseCause } from './reuses.js';

type Row = readonly [title: string, of: (cases: readonly Case[], lives: readonly Life[], evidence: Evidence) => number];

const refreshesOf = (cases: readonly Case[]) =>
  cases.flatMap((one) =>
    one.record.requests.filter(({ endpoint }) => endpoint === 'token').map((request) => ({ one, request })),
  );

const answers =
  (wanted: Delivery): Row[1] =>
  (cases, lives) =>
    refreshesOf(cases).filter(({ one, request }) => request.consumed && deliveryOf(request, one, lives) === wanted)
      .length;

const reuses =
  (wanted: ReuseCause): Row[1] =>
  (cases, lives) =>
    cases.flatMap((one) => one.record.reuses.filter((reuse) => causeOf(reuse, one, lives) === wanted)).length;

/** Lost, though the upstream's record says that the answer went out well. */
const killedInHand = ({ cases, lives, smallestPossibleLoss }: Evidence): readonly Case[] =>
  cases.filter((one) => isUnavoidable(one, lives) && !smallestPossibleLoss.has(one.record.grantId));

const ROWS: readonly Row[] = [
  ['connections', (cases) => cases.length],
  ['refreshes the upstream saw', (cases) => refreshesOf(cases).length],
  ['…of them with a fault', (cases) => refreshesOf(cases).filter(({ request }) => request.fault !== null).length],
  ['consumed, answer taken away by a fault', answers('taken_away')],
  ['consumed, sender killed before the answer', answers('killed')],
  ['consumed, answer later than our long patience', answers('too_slow')],
  ['consumed, answer left unread by a living broker', answers('left_unread')],
  [
    'lost by the upstream’s record',
    (cases, _lives, { smallestPossibleLoss }) =>
      cases.filter(({ record }) => smallestPossibleLoss.has(record.grantId)).length,
  ],
  ['smallest possible loss', (cases, lives) => cases.filter((one) => isUnavoidable(one, lives)).length],
  [
    '…of them: read by a process, killed with it',
    (cases, _lives, evidence) => killedInHand({ ...evidence, cases }).length,
  ],
  ['our loss', (cases) => cases.filter(({ renewed }) => !renewed).length],
  ['reuse events: a late copy', reuses('late_copy')],
  ['reuse events: the last chance', reuses('last_chance')],
  ['reuse events of our making', reuses('ours')],
];

const COLUMNS: readonly (readonly [title: string, holds: (one: Case) => boolean])[] = [
  ['strict', ({ account }) => account.kind === 'strict' && !account.introspection],
  ['strict, asks', ({ account }) => account.kind === 'strict' && account.introspection],
  ['grace', ({ account }) => account.kind === 'grace' && !account.introspection],
  ['grace, asks', ({ account }) => account.kind === 'grace' && account.introspection],
  ['static', ({ account }) => account.kind === 'static'],
  ['all', () => true],
];

const FIRST = 50;
const OTHER = 13;
const line = ([first = '', ...others]: readonly string[]): string =>
  `${first.padEnd(FIRST)}${others.map((text) => text.padStart(OTHER)).join('')}`;

/** Counts by kind of provider. */
export function countsTable(evidence: Evidence): string {
  const groups = COLUMNS.map(([, holds]) => evidence.cases.filter(holds));
  const rows = ROWS.map(([title, of]) =>
    line([title, ...groups.map((cases) => `${of(cases, evidence.lives, evidence)}`)]),
  );
  return [line(['', ...COLUMNS.map(([title]) => title)]), ...rows].join('\n');
}

/** What callers asked and got, in a line or two. */
export function callersLines(evidence: Evidence): string {
  const asked = [...evidence.asked.values()];
  const codes = new Map<string, number>();
  for (const { status, code } of asked.filter(({ hasToken }) => !hasToken)) {
    const what = code ?? (status === null ? 'no answer' : `${status}`);
    codes.set(what, (codes.get(what) ?? 0) + 1);
  }
  const { received, answerLost, refusedAfterAll, withheld } = issuedRows(evidence);
  const others = [...codes].map(([what, count]) => `${what} ${count}`).join(', ');
  return [
    `callers: ${asked.length} requests, ${asked.filter(({ hasToken }) => hasToken).length} tokens; otherwise: ${others}`,
    `audit log: ${evidence.issued.length} tokens issued: ${received} received, ${answerLost} whose answer was lost, ${refusedAfterAll} refused after all, ${withheld} withheld as the connection had been renewed`,
  ].join('\n');
}

/** How long processes lived on that were killed with an answer in their hand; nothing where there is none. */
export function inHandLine(evidence: Evidence): string {
  const held = killedInHand(evidence).flatMap((one) =>
    unused(one).map((request) => heldMs(request, senderOf(request, one.attempts, evidence.lives)) ?? 0),
  );
  return held.length === 0 ? '' : `\nkilled so long after the answer was read: ${held.join(' ms, ')} ms`;
}
