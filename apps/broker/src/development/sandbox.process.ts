import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { BrokerError, childEnvironment, inPackage } from '@app/common';
import type { Config } from '@app/config';

const PROGRAM = inPackage('dist', 'apps/sandbox/src/main.js');
const STOP_WITHIN_MS = 1000;

/** The sandbox, running in a process of its own that ends with ours. */
export interface SandboxProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** What the child tells when it listens, or why it cannot. */
type Greeting = { readonly ready: true; readonly url: string } | { readonly error: string };

/** @throws BrokerError `conflict` with the child's own sentence, e.g. that its port is taken. */
export async function startSandboxProcess(config: Config): Promise<SandboxProcess> {
  const child = fork(PROGRAM, {
    env: {
      ...childEnvironment(),
      SANDBOX_PORT: String(config.sandboxPort),
      HOST: '127.0.0.1',
      DATA_DIR: config.dataDir,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const greeting = await greetingOf(child);
  if ('error' in greeting) {
    throw new BrokerError('conflict', greeting.error);
  }
  return { url: greeting.url, stop: () => stop(child) };
}

function greetingOf(child: ChildProcess): Promise<Greeting> {
  return new Promise((resolve) => {
    child.once('message', (message) => resolve(message as Greeting));
    child.once('error', (error) => resolve({ error: `The sandbox does not start: ${error.message}.` }));
    child.once('exit', (code) => resolve({ error: `The sandbox ended with code ${code}: see its message above.` }));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(impatience);
}
