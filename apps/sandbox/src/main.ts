import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { whenOrphaned } from '@app/common';
import type { Sandbox } from './sandbox.js';
import { startSandbox } from './start-sandbox.js';

const DEFAULT_PORT = 3900;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${text}\n`);

/** As a child of the broker it reports there instead of printing, and ends with it. */
const isChild = process.send !== undefined;

function readPort(text: string | undefined): number {
  const port = Number(text || DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`SANDBOX_PORT is "${text}"; it must be a port number, e.g. SANDBOX_PORT=3900.`);
  }
  return port;
}

async function start(): Promise<Sandbox> {
  const { SANDBOX_PORT, HOST, DATA_DIR } = process.env;
  const directory = resolve(DATA_DIR || '.data');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return startSandbox({
    port: readPort(SANDBOX_PORT),
    host: HOST || '127.0.0.1',
    stateFile: join(directory, 'sandbox.json'),
    warn: complain,
  });
}

function adviceFor(error: NodeJS.ErrnoException & { port?: number }): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${error.port} is taken, perhaps by another sandbox. Stop that one, or choose another port: SANDBOX_PORT=${Number(error.port) + 1}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST is no address of this machine (${error.message}). Use HOST=127.0.0.1, or HOST=0.0.0.0 for all.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
      return `The sandbox may not use its port or its data directory (${error.message}). Choose others with SANDBOX_PORT and DATA_DIR.`;
    default:
      return error.message;
  }
}

function greet({ url, providers }: Sandbox): void {
  say(`The sandbox answers at ${url}`);
  const width = Math.max(...providers.map(({ length }) => length));
  providers.forEach((provider) => say(`  ${provider.padEnd(width)}  ${url}/${provider}`));
  say(`  ${'control'.padEnd(width)}  ${url}/_sandbox/`);
  say('');
  say('Issue a credential to put into the broker:');
  say(`  curl -s ${url}/_sandbox/credentials -d '{"provider":"klavi","ttl_seconds":120}'`);
}

/** Nothing is worth waiting for long: requests under way are cut off, and the state is written at once. */
function stopOn(sandbox: Sandbox): void {
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= sandbox.close().finally(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
  if (!isChild) {
    process.on('SIGINT', stop);
    whenOrphaned(stop);
  } else if (!process.connected) {
    stop();
  }
}

if (isChild) {
  // Ctrl-C reaches the whole process group; a child waits for its parent to end it.
  process.on('SIGINT', () => undefined);
}

try {
  const sandbox = await start();
  stopOn(sandbox);
  if (process.send) {
    process.send({ ready: true, url: sandbox.url });
  } else {
    greet(sandbox);
  }
} catch (error) {
  const advice = adviceFor(error as NodeJS.ErrnoException);
  complain(`The sandbox could not start. ${advice}`);
  process.exitCode = 1;
  process.send?.({ error: advice });
  process.disconnect?.();
}
