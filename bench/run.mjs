// Runs the benchmarks in turn, keeps what they measured in bench/results, and prints one table.
// Usage: npm run bench [-- part ... --rounds 5 --minutes 10 --kept]
// Parts are the files of bench/parts. --minutes has the parts that know a long form (start, million) run it; --kept measures nothing
// and prints the table of what is kept.
import { readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { keepResult, line, readResult } from './keep-result.mjs';
import { generator } from './support/load.mjs';

/** The order in which they run: what is asked for most often first, and the million while what was seeded falls due. */
const ORDER = ['tokens', 'herd', 'audit', 'start', 'refreshes', 'trouble', 'million', 'connections'];
const FEWEST_ROUNDS = 5;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: String(FEWEST_ROUNDS) },
    minutes: { type: 'string' },
    kept: { type: 'boolean', default: false },
  },
});
const files = await readdir(new URL('parts/', import.meta.url));
const known = files
  .map((file) => file.replace('.mjs', ''))
  .toSorted((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other));
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no part ${unknown.join(', ')}. Parts: ${known.join(', ')}.\n`);
  process.exit(1);
}

const cleanUps = [];
const context = {
  rounds: Number(values.rounds),
  minutes: values.minutes === undefined ? undefined : Number(values.minutes),
  progress: (text) => process.stderr.write(`  ${text}\n`),
  /** Runs once all parts are done. */
  onEnd: (cleanUp) => cleanUps.push(cleanUp),
  shared: new Map(),
};

const digits = (number) =>
  number === undefined ? '' : number >= 100 ? Math.round(number) : Number(number.toPrecision(3));

function print(rows) {
  line(['what', 'measured, median', 'least … most', 'baseline', 'ratio', 'target', 'met']);
  line(['---', '--:', '--:', '--:', '--:', '---', '---']);
  for (const { what, value, unit = '', spread = [], baseline, ratio, target = '', met, note } of rows) {
    const measured = `${digits(value)} ${unit}`.trim();
    const beside = baseline === undefined ? '' : `${digits(baseline.value)} (${baseline.what})`;
    const verdict = met === undefined ? '' : met ? 'yes' : '**no**';
    const label = note === undefined ? what : `${what} (${note})`;
    line([label, measured, spread.map(digits).join(' … '), beside, ratio?.toFixed(2) ?? '', target, verdict]);
  }
}

const secondsSince = (began) => Math.round((performance.now() - began) / 1000);
const beganAll = performance.now();
const table = [];
const failed = [];

/** What one part measured goes into the table; where it cannot be measured the others are all the same. */
async function runPart(name) {
  const began = performance.now();
  try {
    const { title, run, rowsOf, keptAs = () => name } = await import(`./parts/${name}.mjs`);
    process.stderr.write(`${name}: ${title}\n`);
    if (!values.kept) {
      await keepResult(keptAs(context), await run(context));
    }
    table.push(...rowsOf(await readResult(keptAs(context))));
    process.stderr.write(`${name}: ${secondsSince(began)} s\n`);
  } catch (error) {
    failed.push(name);
    process.stderr.write(`${name}: failed, its rows are missing. ${error.stack}\n`);
  }
}

try {
  // In their order, whatever was asked for in which: what one leaves behind the next one takes.
  for (const name of known.filter((part) => positionals.length === 0 || positionals.includes(part))) {
    await runPart(name);
  }
} finally {
  for (const cleanUp of cleanUps.toReversed()) {
    await cleanUp();
  }
}
const seconds = secondsSince(beganAll);
process.stdout.write(
  values.kept
    ? '\nAs kept in bench/results; each file names its machine.\n\n'
    : `\nNode ${process.version}, ${cpus().length} processors (${cpus()[0]?.model}), Postgres and the load (${generator}) beside it, ` +
        `medians of at least ${context.rounds} rounds, ${seconds} s in all\n\n`,
);
print(table);
if (failed.length > 0) {
  process.stderr.write(
    `\nNot measured: ${failed.join(', ')}. See above, and run them again: npm run bench -- ${failed.join(' ')}\n`,
  );
  process.exitCode = 1;
}
