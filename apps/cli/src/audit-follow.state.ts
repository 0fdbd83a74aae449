import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { BrokerError, errorFacts } from '@app/common';

/** How far a log was followed. */
export interface FollowState {
  /** Time of the newest event that was seen, epoch milliseconds. */
  readonly at: number;
  /** The highest number that was seen of each stream. */
  readonly streams: Readonly<Record<string, number>>;
}

/** The state that a file holds; undefined where there is no file. @throws BrokerError `invalid_request` where it holds none. */
export function readState(path: string): FollowState | undefined {
  try {
    const { at, streams } = JSON.parse(readFileSync(path, 'utf8')) as Partial<FollowState>;
    if (typeof at === 'number' && typeof streams === 'object') {
      return { at, streams };
    }
  } catch (error) {
    if (errorFacts(error).error_code === 'ENOENT') {
      return undefined;
    }
  }
  throw new BrokerError(
    'invalid_request',
    `The state file ${path} cannot be read. Restore it, or remove it to begin anew with --from.`,
  );
}

/** Replaces the file as a whole: a kill in between leaves the old state, and what followed it is sent again. */
export function writeState(path: string, state: FollowState): void {
  writeFileSync(`${path}.next`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${path}.next`, path);
}
