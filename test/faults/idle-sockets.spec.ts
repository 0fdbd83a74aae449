import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { addressIn, type BrokerProcess, spawnBroker, temporaryFolder } from '../support/process.js';
import { inPackage } from '@app/common';

jest.setTimeout(90_000);

/** After it a connection may idle for 65 s; one that says nothing at all is closed after 10 s, which a slow machine needs to open them. */
const FIRST = 'GET /health/live HTTP/1.1\r\nHost: broker\r\n\r\n';

/** Ten thousand; fewer where this machine lets a process have fewer files open. */
const SOCKETS = Math.min(10_000, openFiles() - 1000);
/** What one may cost. It is some 6 kB; a response buffer or a parsed request each would be far more. */
const MOST_BYTES_EACH = 20_000;
/** Whatever else the process does with its memory meanwhile. */
const SLACK_BYTES = 60_000_000;

let broker: BrokerProcess;
let holder: ChildProcess | undefined;
let folder: string;
let url: string;
let key: string;

function openFiles(): number {
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits: { open_files: { soft: number | 'unlimited' } };
  };
  const { soft } = userLimits.open_files;
  return soft === 'unlimited' ? 1_000_000 : soft;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  broker = spawnBroker({ DATABASE_URL: process.env['DATABASE_URL'], DATA_DIR: folder, SANDBOX: 'off' });
  const output = await broker.untilPrinted('Stop with Ctrl-C');
  url = addressIn(output);
  key = /Admin key +(\S+)/.exec(output)?.[1] ?? '';
});

afterAll(async () => {
  holder?.kill('SIGKILL');
  await broker.end('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string): Promise<Response> =>
  fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });

async function memory(): Promise<number> {
  const text = await (await get('/metrics')).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
}

describe('sockets that say nothing', () => {
  it(`should cost little memory and keep nobody from being served (${SOCKETS} of them), nor from stopping`, async () => {
    await get('/providers');
    const before = await memory();
    holder = spawn(process.execPath, [
      inPackage('test', 'support/hold-sockets.js'),
      new URL(url).port,
      String(SOCKETS),
      FIRST,
    ]);
    const [held] = (await once(holder.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const answers = await Promise.all(Array.from({ length: 50 }, () => get('/providers')));
    const after = await memory();

    expect(String(held)).toBe(`opened ${SOCKETS}, failed 0\n`);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(after - before).toBeLessThan(SOCKETS * MOST_BYTES_EACH + SLACK_BYTES);
    expect(await broker.end('SIGTERM')).toBe(0);
  });
});
