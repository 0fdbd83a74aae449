// Does what the README says, as a new user would: `npm start`, every printed curl, stop; and once more on the same data.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 5000;
const PROVIDERS = 5;

const dataDir = await mkdtemp(join(tmpdir(), 'claviger-smoke-'));
const results = [];

const check = (what, holds, detail = '') => {
  results.push(holds);
  process.stdout.write(`${holds ? 'ok  ' : 'FAIL'} ${what}${holds ? '' : ` ${detail}`}\n`);
};

/** Starts it with free ports; resolves with what it printed once it says how to stop it. */
async function start() {
  const env = { ...process.env, DATA_DIR: dataDir, PORT: '0', SANDBOX_PORT: '0', NODE_ENV: 'development' };
  const child = spawn('npm', ['start'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const greeted = new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`no greeting within ${START_WITHIN_MS} ms:\n${text}`)),
      START_WITHIN_MS,
    );
    const listen = (chunk) => {
      text += chunk;
      if (text.includes('Stop with Ctrl-C')) {
        clearTimeout(late);
        resolve(text);
      }
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${text}`)));
  });
  return { child, text: await greeted };
}

const isListening = (url) =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), new URL(url).hostname);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** SIGTERM to npm, as a service manager does; true once nothing of it is left. */
async function stop({ child, text }) {
  const urls = [...text.matchAll(/(?:Broker|Sandbox) +(http\S+)/g)].map(([, url]) => url);
  const deadline = Date.now() + STOP_WITHIN_MS;
  child.kill('SIGTERM');
  while (Date.now() < deadline) {
    const listening = await Promise.all(urls.map(isListening));
    if (!listening.includes(true) && !existsSync(join(dataDir, 'postgres', 'postmaster.pid'))) {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

const run = promisify(execFile);
const keyOf = (text) => /Admin key +(\S+)/.exec(text)?.[1];

try {
  const first = await start();
  const commands = first.text.split('\n').filter((line) => line.trim().startsWith('curl '));
  check(
    `npm start prints a curl for each of ${PROVIDERS} providers`,
    commands.length === PROVIDERS,
    `${commands.length}`,
  );
  for (const command of commands) {
    const { stdout } = await run('sh', ['-c', command]);
    const { access_token: token, provider } = JSON.parse(stdout);
    check(`the curl of ${provider} prints a token`, typeof token === 'string' && token.length > 20, stdout);
  }
  check('SIGTERM stops broker, sandbox and database within 5 s', await stop(first));
  const second = await start();
  check('a second start finds its data', keyOf(second.text) === keyOf(first.text));
  check('it stops again', await stop(second));
} catch (error) {
  check('the smoke test runs to its end', false, String(error));
} finally {
  await rm(dataDir, { recursive: true, force: true });
}

const failed = results.filter((holds) => !holds).length;
process.stdout.write(`Smoke: ${failed} failed, ${results.length - failed} passed\n`);
process.exit(failed === 0 ? 0 : 1);
