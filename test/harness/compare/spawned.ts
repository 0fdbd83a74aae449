import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process of the harness and what it prints. */
export interface Spawned {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** Resolves with everything printed once it holds `text`. @throws Error where the process ends without it. */
  printed(text: string): Promise<string>;
}

/** Starts a program with this environment and nothing else of ours. */
export function spawnProgram(program: readonly string[], environment: Readonly<Record<string, string>>): Spawned {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [...program], { env: { PATH, HOME, ...environment } });
  const ended = once(child, 'close');
  const waiting = new Set<() => void>();
  let text = '';
  const hear = (chunk: unknown): void => {
    text += String(chunk);
    waiting.forEach((look) => look());
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const printed = (wanted: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => (text.includes(wanted) ? resolve(text) : undefined);
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`A process ended and did not print "${wanted}":\n${text}`)));
    });
  return { child, ended, printed };
}
