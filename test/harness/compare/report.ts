import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { inPackage } from '@app/common';
import { format } from 'prettier';
import type { Contender } from './contender.js';
import type { ComparedFault } from './fault.js';
import type { Outcome } from './outcome.js';
import { cellTable, summaryTable } from './table.js';
import { TIMES } from './times.js';

const PAGE = inPackage('docs', 'reliability.md');
const RAW = inPackage('bench', 'results', 'faults-compare.json');
const BEGIN = '<!-- faults:compare begin -->';
const END = '<!-- faults:compare end -->';

/** What a whole run brought. */
export interface Run {
  readonly contenders: readonly Contender[];
  readonly faults: readonly ComparedFault[];
  readonly outcomes: readonly Outcome[];
  readonly seconds: number;
}

/** Both tables as Markdown. */
export const tablesOf = ({ contenders, faults, outcomes }: Run): string =>
  [summaryTable(contenders, outcomes), cellTable(contenders, faults, outcomes)].join('\n\n');

/** Puts the tables between the markers of docs/reliability.md and the numbers into bench/results. */
export async function publish(run: Run): Promise<void> {
  const { outcomes, seconds } = run;
  const machine = { node: process.version, cores: cpus().length };
  const raw = { at: new Date().toISOString(), seconds, machine, times: TIMES, outcomes };
  await mkdir(dirname(RAW), { recursive: true });
  await writeFile(RAW, `${JSON.stringify(raw, undefined, 2)}\n`);
  const page = await readFile(PAGE, 'utf8');
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < before) {
    throw new Error(`${PAGE} has no place for the tables: put the lines ${BEGIN} and ${END} back.`);
  }
  const measured = `Measured on ${raw.at.slice(0, 10)} in ${Math.round(seconds)} s, Node ${machine.node}, ${machine.cores} cores.`;
  const text = [page.slice(0, before) + BEGIN, measured, tablesOf(run), page.slice(after)].join('\n\n');
  await writeFile(PAGE, await format(text, { parser: 'markdown', printWidth: 120 }));
}
