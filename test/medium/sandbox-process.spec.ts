import { inPackage } from '@app/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { refreshRequest, reloginRequest, sendTo, startTestSandbox } from '../support/sandbox.js';

const PROVIDERS = ['onmeta', 'monetate', 'klearstack', 'klavi', 'berbix'];
const MAIN = inPackage('dist', 'apps', 'sandbox', 'src', 'main.js');

let directory: string;
let stateFile: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandbox-'));
  stateFile = join(directory, 'sandbox.json');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const statusOf = async (sandbox: Sandbox, issued: Parameters<typeof refreshRequest>[0]) =>
  (await sendTo(sandbox, issued.provider, refreshRequest(issued))).status;

/** Forks the built program, as the broker does in development. */
const start = (port: number): ChildProcess =>
  fork(MAIN, { silent: true, env: { ...process.env, SANDBOX_PORT: String(port), DATA_DIR: directory } });

const answer = (id: string, status: number) => ({
  id,
  status,
  content_type: 'text/plain',
  headers: {},
  body: id,
  meaning: id,
  outcome: 'rejected',
  reason: 'forbidden',
});

describe('sandbox: state', () => {
  it('should still accept its credentials after a restart', async () => {
    const first = await startTestSandbox({ stateFile });
    const issued = await Promise.all(PROVIDERS.map((provider) => first.issue(provider)));
    const revoked = await first.issue('klavi');
    first.revoke(revoked.id);
    await first.close();

    const second = await startTestSandbox({ stateFile });
    const statuses = await Promise.all(issued.map((each) => statusOf(second, each)));
    const secrets = (await second.issue('onmeta')).secrets;
    const relogin = await sendTo(second, 'klavi', reloginRequest(revoked));
    await second.close();

    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect(secrets).toEqual(issued[0]?.secrets);
    expect(relogin.status).toBe(401);
  });

  it('should write by itself soon after a change, for its owner only', async () => {
    const sut = await startTestSandbox({ stateFile });
    const { id } = await sut.issue('klavi');
    while (!(await readdir(directory)).includes('sandbox.json')) {
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(await readFile(stateFile, 'utf8')).toContain(id);
    expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
    await sut.close();
  });

  const badKey = '{"version":1,"keys":{"hs256":"","es256":"x","rsa":null},"secrets":{},"credentials":[]}';
  it.each(['{"version":1', '{"version":2}', '', badKey])(
    'should move a damaged file aside and say so: %j',
    async (text) => {
      await writeFile(stateFile, text);
      const warnings: string[] = [];

      const sut = await startTestSandbox({ stateFile, warn: (message) => warnings.push(message) });
      await sut.close();

      const [aside] = await readdir(directory);
      expect(await readFile(join(directory, aside ?? ''), 'utf8')).toBe(text);
      expect(warnings).toEqual([expect.stringContaining(join(directory, aside ?? ''))]);
    },
  );

  it('should say that it cannot write, and go on', async () => {
    const warnings: string[] = [];
    const nowhere = join(directory, 'gone', 'sandbox.json');
    const sut = await startTestSandbox({ stateFile: nowhere, warn: (message) => warnings.push(message) });

    const issued = await sut.issue('klavi');
    expect(await statusOf(sut, issued)).toBe(200);
    await sut.close();

    expect(warnings).toEqual([expect.stringContaining(nowhere)]);
  });
});

describe('sandbox: a provider of its answers file alone', () => {
  const call = { method: 'POST', path: '/token', headers: [] };
  const file = {
    answers_version: 1,
    provider: 'acme',
    title: 'Acme, which rotates',
    request: { ...call, body: { encoding: 'json', fields: [{ path: 'refresh_token' }] } },
    success: { status: 200, body: { access_token: '{access}', refresh_token: '{refresh}', expires_in: '{ttl}' } },
    errors: [answer('unknown_route', 404), answer('dead', 403)],
    mock_rules: [
      { if: ['refresh_unknown', 'refresh_expired', 'refresh_revoked'], any: true, respond: 'dead' },
      { if: ['otherwise'], respond: 'success' },
    ],
    bootstrap: [],
    sample: { settings: {}, secrets: {}, credential: { refresh_token: '{refresh}' } },
    sandbox: {
      prefixes: ['/oauth'],
      tokens: { access: { format: 'opaque', ttl_seconds: 60 }, refresh: { format: 'opaque', ttl_seconds: null } },
      old_token_dies: true,
    },
  };

  it('should be served', async () => {
    await writeFile(join(directory, 'acme.json'), JSON.stringify(file));
    const sut = await startTestSandbox({ answersDir: directory });
    const { credential } = await sut.issue('acme');
    const body = JSON.stringify(credential);
    const refresh = () => sendTo(sut, 'acme', { method: 'POST', path: '/oauth/token', headers: {}, body });

    const answers = [await (await refresh()).json(), await (await refresh()).text()];
    await sut.close();

    expect(answers).toEqual([
      { access_token: expect.any(String), refresh_token: expect.any(String), expires_in: 60 },
      'dead',
    ]);
  });

  it('should not be served while something is wrong in it', async () => {
    await writeFile(join(directory, 'acme.json'), JSON.stringify({ ...file, sample: {} }));

    await expect(startTestSandbox({ answersDir: directory })).rejects.toThrow(/acme.json: \/sample/);
  });
});

describe('sandbox: process', () => {
  it.each(['disconnect', 'SIGTERM'] as const)('should report that it is ready, and end on %s', async (how) => {
    const child = start(0);
    const [message] = (await once(child, 'message')) as [{ ready: boolean; url: string }];
    expect((await fetch(`${message.url}/_sandbox/`)).status).toBe(200);

    const exit = once(child, 'exit');
    child.kill('SIGINT');
    if (how === 'disconnect') {
      child.disconnect();
    } else {
      child.kill(how);
    }

    expect(await exit).toEqual([0, null]);
  });

  it('should say what to do when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;

    const child = start(port);
    const exit = once(child, 'exit');
    const [message] = (await once(child, 'message')) as [{ error: string }];

    expect(message.error).toContain(`SANDBOX_PORT=${port + 1}`);
    expect(await exit).toEqual([1, null]);
    other.close();
  });
});
