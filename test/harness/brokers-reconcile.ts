import { execFile } from 'node:child_process';
import { inPackage } from '@app/common';
import type { Replica } from './brokers/index.js';

const PROGRAM = inPackage('dist', 'apps/cli/src/main.js');

/** What the operator's command came to. */
export interface Reconciled {
  /** 0 where nothing is left that needs a person. */
  readonly code: number;
  /** The table of connections, and what was said beside it. */
  readonly text: string;
}

/** What survived. */
export interface Survivors {
  readonly spools?: readonly string[];
  readonly audit?: string;
}

/** Runs `claviger reconcile` with what the operator has: the brokers' database and keys, and what survived. */
export function reconcile(replica: Replica, { spools = [], audit }: Survivors): Promise<Reconciled> {
  const { PATH, HOME } = process.env;
  const { database, dataDir, spoolDir } = replica.options;
  const env = { PATH, HOME, DATABASE_URL: database.url, DATA_DIR: dataDir, SPOOL_DIR: spoolDir };
  const known = [
    ...(spools.length === 0 ? [] : ['--spool', ...spools]),
    ...(audit === undefined ? [] : ['--audit', audit]),
  ];
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, 'reconcile', ...known], { env }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), text: `${out}${err}` }),
    );
  });
}
