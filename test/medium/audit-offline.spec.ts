import { AuditExport, AuditLog } from '@app/audit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgram } from '../../apps/cli/src/program.js';
import { SIGNER, SignedLog } from '../support/signed-log.js';

const SYSTEM = { actor: { type: 'system' } } as const;
const never = new AbortController().signal;

const log = new SignedLog();
const folder = mkdtempSync(join(tmpdir(), 'claviger-offline-'));
const inFolder = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

let lines: string[];
let checkpoints: string;
let keys: string;

beforeAll(async () => {
  await log.fill();
  const exporter = new AuditExport(log.source, { append: async () => ({ mark: undefined }) } as unknown as AuditLog);
  let text = '';
  for await (const piece of await exporter.open(SYSTEM, {}, 'ndjson', never)) {
    text += piece;
  }
  lines = text.split('\n').filter((line) => line !== '');
  const held = log.checkpoints.map(({ body, signature }) =>
    JSON.stringify({ checkpoint: body, signature: signature.toString('base64') }),
  );
  checkpoints = inFolder(
    'checkpoints.ndjson',
    [`{"level":"info","message":"something else"}`, 'no JSON', ...held].join('\n'),
  );
  const pem = SIGNER.publicKey.export({ type: 'spki', format: 'pem' });
  keys = inFolder('keys.json', JSON.stringify([{ id: SIGNER.id, public_key: pem }]));
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await log.close();
});

/** Runs the command in this process, which ends with `code`. */
async function run(...words: readonly string[]) {
  const written = { out: '', err: '' };
  const program = createProgram({ out: (text) => (written.out += text), err: (text) => (written.err += text) });
  process.exitCode = 0;
  await program.parseAsync(words, { from: 'user' });
  const code = process.exitCode;
  process.exitCode = 0;
  return { ...written, code };
}

/** Verifies an export of these lines. */
async function verify(exported: readonly string[], ...more: readonly string[]) {
  const path = inFolder('export.ndjson', exported.map((line) => `${line}\n`).join(''));
  const files = ['--export', path, '--checkpoints', checkpoints, '--public-key', keys];
  const { code, out, err } = await run('audit', 'verify', ...files, ...more);
  const result = out === '' ? undefined : (JSON.parse(out) as Record<string, unknown> & { fault: unknown });
  return { code, result, err };
}

const at = (id: string): number => lines.findIndex((line) => line.includes(`"id":"${id}"`));
const without = (...ids: readonly string[]): string[] => lines.filter((_line, index) => !ids.map(at).includes(index));
const edited = (id: string, from: string, to: string): string[] =>
  lines.map((line, index) => (index === at(id) ? line.replace(from, to) : line));

describe('claviger audit verify --export', () => {
  it('should find nothing wrong with a healthy log', async () => {
    expect(await verify(lines)).toEqual({
      code: 0,
      result: { ok: true, rows: 33, streams: 3, checkpoints: 7, fault: null, taken_as_given: [] },
      err: '',
    });
  });

  it.each<[string, () => string[], string, string, number]>([
    ['an edited first row', () => edited('1-1', 'billing', 'eve'), 'row_edited', '1', 1],
    ['an edited row', () => edited('1-8', '"outcome":"ok"', '"outcome":"failed"'), 'row_edited', '1', 8],
    ['an edited last row', () => edited('1-20', 'acme', 'acne'), 'row_edited', '1', 20],
    ['a deleted row', () => without('1-8'), 'row_deleted', '1', 8],
    ['a row that is there twice', () => lines.toSpliced(at('2-5'), 0, lines[at('2-5')] ?? ''), 'row_inserted', '2', 5],
    [
      'swapped rows',
      () => lines.with(at('1-5'), lines[at('1-6')] ?? '').with(at('1-6'), lines[at('1-5')] ?? ''),
      'rows_swapped',
      '1',
      5,
    ],
    ['a cut tail', () => without('2-9', '2-8'), 'tail_cut', '2', 8],
    ['a dropped stream', () => lines.filter((line) => !line.includes('"id":"3-')), 'stream_missing', '3', 2],
    ['a dropped day', () => lines.filter((line) => !line.includes('"at":"2026-11-21')), 'partition_missing', '1', 7],
  ])('should find %s', async (_what, attacked, kind, stream, seq) => {
    const { code, result } = await verify(attacked());
    expect([code, result?.fault]).toEqual([1, expect.objectContaining({ kind, stream, seq })]);
  });

  it('should find a cut day at the end, and say what else it may be', async () => {
    const early = lines.filter((line) => !line.includes('"at":"2026-11-22'));
    const { code, result, err } = await verify(early);
    expect([code, result?.fault, err]).toEqual([
      1,
      expect.objectContaining({ kind: 'partition_missing', seq: 13 }),
      expect.stringContaining('--to'),
    ]);
    expect(await verify(early, '--to', '2026-11-22')).toMatchObject({ code: 0, result: { ok: true, rows: 25 } });
  });

  it('should verify a part, and say which rows it takes as given', async () => {
    const part = lines.slice(at('1-7'));
    const { code, result, err } = await verify(part, '--from', '2026-11-21');
    expect({ code, ok: result?.['ok'], given: result?.['taken_as_given'] }).toEqual({
      code: 0,
      ok: true,
      given: ['1-7', '2-4'],
    });
    expect(err).toContain('Taken as given');
  });

  it.each([
    [
      'a line that is cut off',
      () => [...lines.slice(0, -1), lines.at(-1)?.slice(0, 50) ?? ''],
      /^error: Line 33 of .* is no row/,
    ],
    ['what is no export', () => ['hello'], /^error: Line 1/],
  ])('should refuse %s', async (_what, exported, message) => {
    expect(await verify(exported())).toEqual({ code: 2, result: undefined, err: expect.stringMatching(message) });
  });

  it('should refuse keys and checkpoints that are none', async () => {
    expect(await verify(lines, '--public-key', checkpoints)).toMatchObject({
      code: 2,
      err: expect.stringContaining('public keys'),
    });
    expect(await verify(lines, '--checkpoints', keys)).toMatchObject({
      code: 2,
      err: expect.stringContaining('holds no checkpoint'),
    });
    expect(await verify(lines, '--checkpoints', '/nowhere')).toMatchObject({
      code: 2,
      err: expect.stringContaining('ENOENT'),
    });
  });
});

describe('claviger audit, with the database', () => {
  it('should print the checkpoints, with which it verifies, and finds a database that went back', async () => {
    const held = inFolder('held.ndjson', (await run('audit', 'checkpoints')).out);
    const words = ['audit', 'verify', '--checkpoints', held, '--public-key', keys];
    const whole = await run(...words);
    await log.run('DELETE FROM audit_checkpoints WHERE number = 7; UPDATE audit_streams SET checkpoint_seq = 0');
    const gone = await run(...words);

    expect([whole.code, JSON.parse(whole.out)]).toMatchObject([0, { ok: true, rows: 33, checkpoints: 7 }]);
    expect([gone.code, JSON.parse(gone.out)]).toMatchObject([1, { fault: { kind: 'rolled_back', seq: 7 } }]);
  });
});
