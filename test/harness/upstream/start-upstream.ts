import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { inPackage } from '@app/common';
import { connectUpstream, type Upstream } from './upstream.client.js';

const PROGRAM = inPackage('dist', 'test/harness/upstream/main.js');

/**
 * Starts an OAuth server with its front door in a process of its own, on free ports; it ends with this one.
 * Needs the build of the harness: `npx swc test/harness --out-dir dist`.
 */
export async function startUpstream(): Promise<Upstream> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [PROGRAM], { env: { PATH, HOME }, stdio: 'pipe' });
  createInterface(child.stderr).on('line', passOn);
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), failed(child)])) as [string];
  child.stdout.resume();
  return connectUpstream(JSON.parse(line) as { readonly url: string; readonly controlUrl: string }, () => end(child));
}

/** The OAuth server warns of every runtime but the newest; the rest of what it says is worth reading. */
const passOn = (line: string): void =>
  void (line.startsWith('oidc-provider WARNING: Unsupported runtime') || process.stderr.write(`${line}\n`));

async function failed(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`The upstream ended with code ${code}: see its message above.`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
