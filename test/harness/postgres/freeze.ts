import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OwnPostgres } from './own-postgres.js';

/** Stops a Postgres where it is, with all its sessions: it takes connections and answers nothing. Returns what lets it go on. */
export function freezePostgres({ directory }: OwnPostgres): () => void {
  const [postmaster = ''] = readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
  const frozen = [Number(postmaster), ...childrenOf(postmaster)];
  const signal = (name: NodeJS.Signals): void => frozen.forEach((pid) => process.kill(pid, name));
  signal('SIGSTOP');
  return () => signal('SIGCONT');
}

const childrenOf = (parent: string): readonly number[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid]) => ppid === parent)
    .map(([pid]) => Number(pid));
