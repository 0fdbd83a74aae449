import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

export { quantile } from './support/numbers.mjs';

/** A line of a Markdown table. */
export const line = (cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`);

const folder = fileURLToPath(new URL('results/', import.meta.url));

/** Keeps what a benchmark measured in bench/results, with the machine and its load at the end. */
export async function keepResult(name, result) {
  const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model, load: loadavg() };
  await mkdir(folder, { recursive: true });
  const text = `${JSON.stringify({ at: new Date().toISOString(), machine, ...result }, null, 2)}\n`;
  await writeFile(`${folder}${name}.json`, text);
}

/** What was kept under this name. */
export const readResult = async (name) => JSON.parse(await readFile(`${folder}${name}.json`, 'utf8'));
