import { inPackage } from '@app/common';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

const PROGRAM = inPackage('dist', 'bundle', 'main.js');

/** A broker in a process of its own, as users run it. */
export interface BrokerProcess {
  readonly child: ChildProcess;
  /** Everything that it printed so far. */
  output(): string;
  /** Resolves with the output once it holds `text`; rejects when the process ends without it. */
  untilPrinted(text: string): Promise<string>;
  /** Sends the signal and resolves with the exit code; null for a process that a signal ended. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  readonly exited: Promise<number | null>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Starts one with this environment and nothing else of ours. */
export function spawnBroker(environment: Environment): BrokerProcess {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [PROGRAM], { env: { PATH, HOME, PORT: '0', ...environment } });
  let text = '';
  const listeners = new Set<() => void>();
  const listen = (chunk: unknown): void => {
    text += String(chunk);
    listeners.forEach((listener) => listener());
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    exited,
    output: () => text,
    untilPrinted: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => (text.includes(wanted) ? resolve(text) : undefined);
        listeners.add(look);
        look();
        void exited.then((code) =>
          reject(new Error(`The broker ended with ${code} and did not print "${wanted}":\n${text}`)),
        );
      }),
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** The address in what a broker printed. */
export const addressIn = (output: string): string => /"url":"([^"]+)"/.exec(output)?.[1] ?? '';

/** An empty folder for a broker's keys and data. */
export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'claviger-process-'));

/** Rows of a statement on the test file's database. */
export async function rowsOf<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: process.env['DATABASE_URL'] });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
