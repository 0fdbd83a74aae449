// The third party of provider-server.mjs in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cpuOf } from './numbers.mjs';

const SERVER = fileURLToPath(new URL('provider-server.mjs', import.meta.url));

/** Starts it; `env` may say DELAY_MS and LIFETIME_SECONDS. `count()` answers `{ answered, most }`. */
export async function startProvider(env = {}) {
  const child = spawn(process.execPath, [SERVER], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [chunk] = await once(child.stdout, 'data');
  const url = String(chunk).trim();
  return {
    url,
    count: async () => (await fetch(`${url}/count`)).json(),
    cpuSeconds: () => cpuOf(child.pid),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
