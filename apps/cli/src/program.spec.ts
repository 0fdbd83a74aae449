import { parseApiKey } from '@app/callers';
import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from './program.js';

/** Lets commander throw instead of ending the process. */
const throwInstead = (command: Command): void => {
  command.exitOverride();
  command.commands.forEach(throwInstead);
};

async function run(...words: readonly string[]) {
  const written = { out: '', err: '' };
  const program = createProgram({
    out: (text) => (written.out += text),
    err: (text) => (written.err += text),
  });
  throwInstead(program);
  const code: unknown = await program.parseAsync(words, { from: 'user' }).then(
    () => 0,
    (error: { exitCode?: number }) => error.exitCode,
  );
  return { ...written, code };
}

describe('claviger', () => {
  it('should print a key alone on standard output, so that it can be piped', async () => {
    const { out, err } = await run('api-key', 'generate');
    expect(parseApiKey(out.trim())).toBeDefined();
    expect(err).toContain('BOOTSTRAP_ADMIN_KEY');
  });

  it('should print another key each time', async () => {
    const [first, second] = await Promise.all([run('api-key', 'generate'), run('api-key', 'generate')]);
    expect(first.out).not.toBe(second.out);
  });

  it.each([
    [['--help'], ['keys', 'api-key', 'database']],
    [
      ['keys', 'generate', '--help'],
      ['--out <file>', './keys.json', 'backup', 'KEYS_FILE'],
    ],
    [
      ['database', 'grants', '--help'],
      ['<role>', 'owner', 'psql'],
    ],
    [['database', 'migrate', '--help'], ['DATABASE_URL']],
    [
      ['keys', 'public', '--help'],
      ['--file <file>', 'audit_signing.former', 'auditor'],
    ],
    [
      ['api-key', 'generate', '--help'],
      ['standard output', 'BOOTSTRAP_ADMIN_KEY'],
    ],
  ])('should explain itself: %j', async (words, parts) => {
    const { out, code } = await run(...words);
    expect(code).toBe(0);
    parts.forEach((part) => expect(out).toContain(part));
  });

  it('should print the rights of a database role, and nothing else, on standard output', async () => {
    const { out, err } = await run('database', 'grants', 'claviger_app');
    expect(out).toContain('TO "claviger_app"');
    expect(err).toBe('');
  });

  it.each([
    [['database', 'grants']],
    [['key']],
    [['keys', 'generate', '--output', 'x']],
    [['keys', 'generate', '--out']],
  ])('should refuse what it does not know: %j', async (words) => {
    const { code, err } = await run(...words);
    expect(code).toBe(1);
    expect(err).toContain('error: ');
  });
});
