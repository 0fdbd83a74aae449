import { Log, Secret } from '@app/common';
import { Config, type KeyServiceConfig } from '@app/config';
import {
  addKey,
  CryptoModule,
  formatKeyFile,
  generateKeyFile,
  Keyring,
  keyringFor,
  loadKeyring,
  writeKeyFile,
} from '@app/crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { execFile } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libraryConfig, silentLog } from '../support/library.js';

const ignore = (): void => undefined;

/** Stands for the modules that the application makes global. */
@Module({})
class GlobalModule {}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs bin/claviger.js as a user does. */
const claviger = (...words: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const program = [join(process.cwd(), 'bin/claviger.js'), ...words];
    execFile(process.execPath, program, { env: { ...process.env } }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });

describe('key files', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'claviger-'));
    path = join(folder, 'keys.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('should be written for their owner alone, and load', async () => {
    const { code, out } = await claviger('keys', 'generate', '--out', path);
    expect([code, out]).toEqual([0, expect.stringContaining(`KEYS_FILE=${path}`)]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadKeyring(path).primary.state).toBe('primary');
  });

  it('should show auditors the public half of the signing key, and nothing else', async () => {
    await claviger('keys', 'generate', '--out', path);
    const { code, out } = await claviger('keys', 'public', '--file', path);
    const [key, ...others] = JSON.parse(out) as { id: string; public_key: string }[];
    expect([code, others]).toEqual([0, []]);
    const { auditSigning } = loadKeyring(path);
    expect(key?.id).toBe(auditSigning.id);
    expect(createPublicKey(key?.public_key ?? '').equals(createPublicKey(auditSigning.privateKey))).toBe(true);
    expect(out).not.toContain('PRIVATE');
  });

  it('should not be overwritten', async () => {
    writeFileSync(path, 'mine');
    const { code, err } = await claviger('keys', 'generate', '--out', path);
    expect([code, err]).toEqual([1, expect.stringMatching(/^error: .*exists already and is not overwritten/)]);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('should be written once, and whole, when several are written at once', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => claviger('keys', 'generate', '--out', path)));
    expect(all.map(({ code }) => code).toSorted()).toEqual([0, 1, 1, 1]);
    expect(loadKeyring(path).primary.state).toBe('primary');
    expect(readdirSync(folder)).toEqual(['keys.json']);
  });

  it('should say what is wrong where the folder does not exist', async () => {
    const { code, err } = await claviger('keys', 'generate', '--out', join(folder, 'no', 'keys.json'));
    expect([code, err]).toEqual([1, expect.stringContaining('cannot be written (ENOENT)')]);
  });

  it('should be refused where others could read them', async () => {
    await claviger('keys', 'generate', '--out', path);
    chmodSync(path, 0o640);
    expect(() => loadKeyring(path)).toThrow(`has mode 0640, others could use it: run "chmod 600 ${path}"`);
  });

  it('should be refused by name of the field where they are malformed', () => {
    writeFileSync(path, '{"version":1}', { mode: 0o600 });
    expect(() => loadKeyring(path)).toThrow(/is malformed[^]*api_key_hmac\.key: must be 32 bytes in base64/);
  });

  it('should be refused where a folder stands in their place', () => {
    expect(() => loadKeyring(folder)).toThrow('is a folder');
  });
});

describe('CryptoModule', () => {
  let dataDir: string;
  const messages: string[] = [];

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'claviger-'));
    messages.length = 0;
  });

  afterEach(() => rmSync(dataDir, { recursive: true }));

  const start = async (config: Partial<Config>): Promise<Keyring> => {
    const log: Log = { error: ignore, warn: ignore, debug: ignore, info: (message) => void messages.push(message) };
    const globals = [
      { provide: Config, useValue: { dataDir, keysFile: undefined, keyService: libraryConfig.keyService, ...config } },
      { provide: Log, useValue: log },
    ];
    const globalModule = { module: GlobalModule, global: true, providers: globals, exports: [Config, Log] };
    const app = await Test.createTestingModule({ imports: [globalModule, CryptoModule] }).compile();
    return app.get(Keyring);
  };

  it('should make one key file for development, say so once, and find it again', async () => {
    const keyrings = await Promise.all([1, 2, 3].map(() => start({ environment: 'development' })));
    expect(new Set(keyrings.map(({ primary }) => primary.id)).size).toBe(1);
    expect(messages).toEqual([expect.stringContaining('A key file was made for development')]);
    expect(statSync(join(dataDir, 'keys.json')).mode & 0o777).toBe(0o600);
  });

  it('should make none in production', async () => {
    await expect(start({ environment: 'production' })).rejects.toThrow('KEYS_FILE is not set');
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('should refuse a KEYS_FILE that is not there, also in development', async () => {
    const keysFile = join(dataDir, 'other.json');
    await expect(start({ environment: 'development', keysFile })).rejects.toThrow('other.json does not exist');
  });
});

describe('CryptoModule with keys from elsewhere', () => {
  const text = new Secret(formatKeyFile(generateKeyFile()));
  const keyring = (keyService: Partial<KeyServiceConfig>): Keyring =>
    keyringFor({ ...libraryConfig, keyService: { ...libraryConfig.keyService, text, ...keyService } }, silentLog);
  const vault = {
    address: 'https://vault.example.com',
    namespace: undefined,
    mount: 'transit',
    key: 'claviger-1',
    token: new Secret('t'),
    tokenFile: undefined,
  };

  it('should take the text of the key file from a variable', () => {
    const { primary, first } = keyring({ provider: 'env' });
    expect([primary, first.length]).toEqual([{ ...first[0], provider: 'env', state: 'primary' }, 1]);
  });

  it('should say that the text in the variable is malformed, and not show it', () => {
    expect(() => keyring({ provider: 'env', text: new Secret('canary') })).toThrow(/^The key file in KEYS is not JSON/);
  });

  it('should seal with the key of the service that is meant, and only open with what the file brings', () => {
    const { first } = keyring({ provider: 'vault-transit', vault });
    expect(first.map(({ id, provider, state }) => [id, provider, state])).toEqual([
      ['claviger-1', 'vault-transit', 'primary'],
      [expect.stringMatching(/^k-/), 'env', 'pending'],
    ]);
  });

  it('should open with a service that is configured, also where another one seals', () => {
    const sut = keyring({ provider: 'env', vault });
    expect(sut.primary.provider).toBe('env');
    expect(sut.has({ id: 'claviger-1', reference: 'claviger-1', provider: 'vault-transit' })).toBe(true);
    expect(sut.has({ id: 'x', reference: 'x', provider: 'aws-kms' })).toBe(false);
  });

  it('should find a key that is added to its file, and keep those it has where the file is no good', () => {
    const folder = mkdtempSync(join(tmpdir(), 'claviger-keys-'));
    const path = join(folder, 'keys.json');
    writeKeyFile(path);
    const sut = keyringFor({ ...libraryConfig, keysFile: path }, silentLog);
    addKey(path, 'k-new');
    sut.reload();
    expect(sut.offered().map(({ id }) => id)).toEqual([sut.primary.id, 'k-new']);
    chmodSync(path, 0o644);
    writeFileSync(path, '{}');
    expect(() => sut.reload()).toThrow('chmod 600');
    expect(sut.offered()).toHaveLength(2);
    rmSync(folder, { recursive: true });
  });
});

describe('claviger keys add, keys remove', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'claviger-keys-'));
    path = join(folder, 'keys.json');
    writeKeyFile(path);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const stored = () =>
    JSON.parse(readFileSync(path, 'utf8')) as { encryption: { keys: { id: string; state: string }[] }; later?: string };
  const shown = () => stored().encryption.keys.map(({ id, state }) => `${id} ${state}`);

  it('should add a pending key at one stroke, keep what is not known, and say what to do next', async () => {
    const [first] = shown();
    writeFileSync(path, JSON.stringify({ ...stored(), later: 'kept' }), { mode: 0o600 });
    const { code, out } = await claviger('keys', 'add', '--file', path, '--id', 'k-new');
    expect([code, out]).toEqual([0, expect.stringContaining('{"key":"k-new"}')]);
    expect(shown()).toEqual([first, 'k-new pending']);
    expect([stored().later, statSync(path).mode & 0o777]).toEqual(['kept', 0o600]);
    expect(readdirSync(folder)).toEqual(['keys.json']);
    expect(loadKeyring(path).find('k-new')?.state).toBe('pending');
  });

  it('should take a key out, and leave a file that a new database can begin with', async () => {
    const { id } = stored().encryption.keys[0] ?? { id: '' };
    addKey(path, 'k-new');
    expect((await claviger('keys', 'remove', id, '--file', path)).code).toBe(0);
    expect(shown()).toEqual(['k-new primary']);
    expect((await claviger('keys', 'remove', 'k-new', '--file', path)).err).toContain('nothing was changed');
    expect(shown()).toEqual(['k-new primary']);
  });

  it.each([
    ['a key of that id', 'k-new', () => addKey(path, 'k-new'), 'holds a key k-new already'],
    ['an id with a space', 'k new', ignore, "A key's id is 1 to 64 letters"],
    ['a file that others could read', 'k-new', () => chmodSync(path, 0o644), 'chmod 600'],
    ['a file that is none', 'k-new', () => writeFileSync(path, 'x'), 'is not JSON'],
    ['another one at it', 'k-new', () => writeFileSync(`${path}.new`, ''), 'somebody changes the key file just now'],
  ])('should change nothing where there is %s', (_, id, prepare, message) => {
    prepare();
    const before = readFileSync(path, 'utf8');
    expect(() => addKey(path, id)).toThrow(message);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});

describe('claviger', () => {
  it('should migrate with no more of the environment than the address of the database', async () => {
    await expect(claviger('database', 'migrate')).resolves.toMatchObject({
      code: 0,
      out: expect.stringContaining('already'),
    });
  });

  it('should end with an error where the command is unknown', async () => {
    await expect(claviger('kyes')).resolves.toMatchObject({ code: 1, err: expect.stringContaining('unknown command') });
  });
});
