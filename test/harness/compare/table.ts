import type { UpstreamKind } from '../upstream/index.js';
import type { Contender } from './contender.js';
import type { ComparedFault } from './fault.js';
import type { Outcome } from './outcome.js';

/** The provider's ways with a refresh token, in the order of the table. */
export const KINDS: readonly UpstreamKind[] = ['strict', 'grace', 'static'];

type Named = Pick<Contender, 'id' | 'title'>;

const line = (names: readonly string[], cells: readonly (string | number)[]): string =>
  `| ${[...names, ...cells].join(' | ')} |`;

const titleOf = ({ title }: Named): string => title;

const count = (outcomes: readonly Outcome[], holds: (outcome: Outcome) => boolean): number =>
  outcomes.filter(holds).length;

const sum = (outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + of(outcome), 0);

function answeredPart(outcomes: readonly Outcome[]): string {
  const part = sum(outcomes, ({ answered }) => answered) / sum(outcomes, ({ asked }) => asked);
  return `${Math.round(part * 100)} %`;
}

const isUnavoidable = ({ kept, unavoidable }: Outcome): boolean => !kept && unavoidable;
const isAvoidable = ({ kept, unavoidable }: Outcome): boolean => !kept && !unavoidable;

const SUMMARY: readonly (readonly [title: string, of: (outcomes: readonly Outcome[]) => number | string])[] = [
  ['credentials lost that could have been kept', (all) => count(all, isAvoidable)],
  ['credentials lost that nobody could keep', (all) => count(all, isUnavoidable)],
  ['old access tokens killed', (all) => count(all, ({ oldTokenAlive }) => !oldTokenAlive)],
  ['reuse events', (all) => sum(all, ({ reuses }) => reuses)],
  ['cells in which callers had a new token before the old one ended', (all) => count(all, ({ renewed }) => renewed)],
  ['callers’ requests answered with a token', answeredPart],
  ['requests with the first refresh token', (all) => sum(all, ({ sends }) => sends)],
  ['the same after the old token’s end', (all) => sum(all, ({ sendsAtEnd }) => sendsAtEnd)],
  ['reuse events after the old token’s end', (all) => sum(all, ({ reusesAtEnd }) => reusesAtEnd)],
];

/** One line a question, one column a contender. */
export function summaryTable(contenders: readonly Named[], outcomes: readonly Outcome[]): string {
  const played = contenders.map(({ id }) => outcomes.filter((cell) => cell.contender === id && !cell.broken));
  const lines = SUMMARY.map(([title, of]) => line([title], played.map(of)));
  return [
    line([''], contenders.map(titleOf)),
    line(
      ['---'],
      contenders.map(() => '---:'),
    ),
    ...lines,
  ].join('\n');
}

/** One line a fault and kind of provider. */
export function cellTable(
  contenders: readonly Named[],
  faults: readonly ComparedFault[],
  outcomes: readonly Outcome[],
): string {
  const lines = faults.flatMap((fault) =>
    KINDS.map((kind) => {
      const cells = outcomes.filter((cell) => cell.fault === fault.id && cell.kind === kind);
      const texts = contenders.map(({ id }) => cellText(cells.find(({ contender }) => contender === id)));
      return line([kind === KINDS[0] ? fault.title : '', kind], texts);
    }),
  );
  const head = line(['fault', 'provider'], contenders.map(titleOf));
  return [
    head,
    line(
      ['---', '---'],
      contenders.map(() => '---'),
    ),
    ...lines,
  ].join('\n');
}

/** Sends, then everything that went wrong. */
export function cellText(outcome: Outcome | undefined): string {
  if (outcome === undefined || outcome.broken !== undefined) {
    return outcome === undefined ? '' : 'not played';
  }
  const { sends, reuses, oldTokenAlive } = outcome;
  const words = [
    `${sends}`,
    ...(isAvoidable(outcome) ? ['**lost**'] : []),
    ...(isUnavoidable(outcome) ? ['lost, unavoidable'] : []),
    ...(oldTokenAlive ? [] : ['old token killed']),
    ...(reuses > 0 ? [`reuse ${reuses}`] : []),
  ];
  return words.join(' · ');
}
