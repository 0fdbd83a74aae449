// A broker in a process of its own, started as its users start it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuOf, rssOf } from './numbers.mjs';

const root = new URL('../../', import.meta.url);
const { scripts } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
const words = scripts['start:prod'].split(' ');
/** The flags of `npm run start:prod`, and the program that it runs. */
export const FLAGS = words.slice(1, -1);
export const PROGRAM = words.at(-1);

/** Resolves with all that a process printed once `wanted` is in it; rejects where it ends before. */
export function untilPrinted(child, wanted) {
  let text = '';
  return new Promise((resolve, reject) => {
    const listen = (chunk) => {
      text += chunk;
      if (text.includes(wanted)) {
        child.stdout.off('data', listen);
        // What comes later is read all the same: a full pipe would stop the process.
        child.stdout.resume();
        resolve(text);
      }
    };
    child.stdout.on('data', listen);
    child.once('exit', (code) => reject(new Error(`It ended with ${code}:\n${text}`)));
  });
}

/**
 * Starts a broker for development: with an embedded Postgres unless `env` names a DATABASE_URL, the sandbox, the demo connections and
 * an administrator's key. Rate limits are off unless `env` says so. `args` are further flags of Node, `node` is another Node than this.
 */
export async function startBroker({ env = {}, args = [], node = process.execPath } = {}) {
  const dataDir = env.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'claviger-bench-')));
  const defaults = { DATA_DIR: dataDir, PORT: '0', SANDBOX_PORT: '0', LOG_LEVEL: 'warn', RATE_LIMIT: 'off' };
  const child = spawn(node, [...FLAGS, ...args, PROGRAM], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'development', ...defaults, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const text = await untilPrinted(child, 'Stop with Ctrl-C');
  const ended = once(child, 'exit');
  return {
    child,
    pid: child.pid,
    text,
    dataDir,
    url: /Broker +(http\S+)/.exec(text)[1],
    admin: /Admin key +(\S+)/.exec(text)[1],
    cpuSeconds: () => cpuOf(child.pid),
    rssBytes: () => rssOf(child.pid),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await (env.DATA_DIR === undefined ? rm(dataDir, { recursive: true, force: true }) : undefined);
    },
  };
}

/** The backends of Postgres by the name that their connection gave, as process ids: whose work the processor time is. */
export async function backendsOf(runQuery, application) {
  const rows = await runQuery('select pid from pg_stat_activity where application_name = $1', [application]);
  return rows.map(({ pid }) => pid);
}
