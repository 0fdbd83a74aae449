// What the ways to share a rotating refresh token between processes lose, fault by fault: npm run faults:compare
// Words as arguments leave only the cells whose name (contender/fault/kind) holds every one of them; then nothing is written.
import { type Cell, playCell } from './cell.js';
import { CONTENDERS } from './contenders.js';
import { FAULTS } from './faults.js';
import { prepareGround } from './ground.js';
import type { Outcome } from './outcome.js';
import { publish, tablesOf } from './report.js';
import { runAll } from './run-all.js';
import { cellText, KINDS } from './table.js';

const words = process.argv.slice(2);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const nameOf = ({ contender, fault, kind }: Cell): string => `${contender.id}/${fault.id}/${kind}`;
const isWanted = (cell: Cell): boolean => words.every((word) => nameOf(cell).includes(word));

const began = performance.now();
const secondsNow = (): number => (performance.now() - began) / 1000;

async function main(): Promise<void> {
  const ground = await prepareGround();
  const outcomes: Outcome[] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void ground.leave().finally(() => process.exit(1)));
  }
  try {
    for (const contender of CONTENDERS) {
      const cells = FAULTS.flatMap((fault) => KINDS.map((kind) => ({ contender, fault, kind }))).filter(isWanted);
      const played = await runAll(cells, contender.atOnce, async (cell) => {
        const outcome = await playCell(cell, ground);
        say(`${secondsNow().toFixed(0).padStart(4)} s  ${nameOf(cell)}: ${outcome.broken ?? cellText(outcome)}`);
        return outcome;
      });
      outcomes.push(...played);
    }
  } finally {
    await ground.leave();
  }
  const run = {
    contenders: CONTENDERS.filter(({ id }) => outcomes.some(({ contender }) => contender === id)),
    faults: FAULTS.filter(({ id }) => outcomes.some(({ fault }) => fault === id)),
    outcomes,
    seconds: secondsNow(),
  };
  say(`\n${tablesOf(run)}\n`);
  if (words.length === 0) {
    await publish(run);
    say('Written to docs/reliability.md and bench/results/faults-compare.json.');
  }
  process.exitCode = outcomes.some(({ broken }) => broken !== undefined) ? 1 : 0;
}

await main();
