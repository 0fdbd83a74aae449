import { parseArgs } from 'node:util';

/** What is asked for on the command line. */
export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Whether the histories are written even where all is well. */
  readonly report: boolean;
}

const DEFAULT_MINUTES = 10;

/** `[minutes] [--seed N] [--report]`. @throws Error for anything else. */
export function readOptions(words: readonly string[]): SoakOptions {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { seed: { type: 'string' }, report: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const minutes = Number(positionals[0] ?? DEFAULT_MINUTES);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
  if (positionals.length > 1 || !(minutes > 0) || !Number.isInteger(seed)) {
    throw new Error('Usage: npm run soak -- [minutes] [--seed N] [--report]');
  }
  return { minutes, seed, report: values.report };
}
