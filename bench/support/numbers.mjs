// Numbers of benchmarks: medians and spreads of rounds, and what a process used so far.
import { readFile } from 'node:fs/promises';

/** Ticks of the processor's clock a second that /proc counts in, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** The value below which `part` of the sorted numbers lie. */
export const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

const sort = (numbers) => numbers.toSorted((one, other) => one - other);

/** The middle of the numbers, whatever their order. */
export const median = (numbers) => quantile(sort(numbers), 0.5);

/** The least and the most of them. */
export const spread = (numbers) => [Math.min(...numbers), Math.max(...numbers)];

/** Seconds of processor time that a process has used so far, or undefined where the system does not tell (no /proc). */
export async function cpuOf(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const [user, system] = stat?.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number) ?? [];
  return stat && (user + system) / TICKS_PER_SECOND;
}

/** Bytes of memory that a process holds now. */
export async function rssOf(pid) {
  const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => undefined);
  return statm && Number(statm.split(' ')[1]) * PAGE_BYTES;
}
