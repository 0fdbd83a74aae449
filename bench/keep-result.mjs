import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The value below which `part` of the sorted numbers lie. */
export const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

/** A line of a Markdown table. */
export const line = (cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`);

/** Keeps what a benchmark measured in bench/results, with the machine and its load at the end. */
export async function keepResult(name, result) {
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model, load: loadavg() };
  await mkdir(folder, { recursive: true });
  const text = `${JSON.stringify({ at: new Date().toISOString(), machine, ...result }, null, 2)}\n`;
  await writeFile(`${folder}${name}.json`, text);
}
