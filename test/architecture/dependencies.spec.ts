import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The whole dependency rule. A library may import only what stands in its row; apps may import all. */
const ALLOWED: Record<string, readonly string[]> = {
  common: [],
  config: ['common'],
  crypto: ['common', 'config'],
  database: ['common', 'config'],
  audit: ['common', 'config', 'crypto', 'database'],
  providers: ['common', 'config'],
  callers: ['common', 'config', 'crypto', 'database', 'audit'],
  connections: ['common', 'config', 'crypto', 'database', 'audit', 'providers'],
  tokens: ['common', 'config', 'audit', 'callers', 'connections', 'providers'],
};

/** Longest file that one reader keeps in mind. */
const MOST_LINES = 250;

const sources = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('generated'))
    .map((file) => join(root, file));

const imports = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import) '([^']+)'/g)].map(([, name]) => name ?? '');

const libOf = (name: string): string | undefined => /^@app\/([\w-]+)$/.exec(name)?.[1];

describe('dependency rule', () => {
  it('should have a row for every library', () => {
    expect(readdirSync('libs').toSorted()).toEqual(Object.keys(ALLOWED).toSorted());
  });

  it.each(Object.entries(ALLOWED))('%s should import only from %j', (lib, allowed) => {
    const imported = sources(join('libs', lib, 'src'))
      .flatMap(imports)
      .filter((name) => name.startsWith('@app/'));
    expect(imported.filter((name) => !allowed.includes(libOf(name) ?? name))).toEqual([]);
  });

  it('should reach another library or app only through its door', () => {
    const intruders = [...sources('libs'), ...sources('apps')].flatMap((file) => {
      const home = file.split('/').slice(0, 2).join('/');
      return imports(file)
        .filter((name) => name.startsWith('.') && !join(file, '..', name).startsWith(home))
        .map((name) => `${file}: ${name}`);
    });
    expect(intruders).toEqual([]);
  });

  it('should keep common free of Nest', () => {
    const imported = sources('libs/common/src').flatMap(imports);
    expect(imported.filter((name) => name.startsWith('@nestjs'))).toEqual([]);
  });

  it('should touch Prisma and pg only in repositories and the database library', () => {
    const elsewhere = [...sources('libs'), ...sources('apps')].filter(
      (file) => !file.startsWith('libs/database/') && !file.endsWith('.repository.ts'),
    );
    const offenders = elsewhere.filter((file) =>
      imports(file).some((name) => name === 'pg' || name.startsWith('@prisma/')),
    );
    expect(offenders).toEqual([]);
  });
});

describe('size', () => {
  it(`should keep every source file within ${MOST_LINES} lines`, () => {
    const long = [...sources('libs'), ...sources('apps')].filter(
      (file) => !file.endsWith('.spec.ts') && readFileSync(file, 'utf8').split('\n').length > MOST_LINES + 1,
    );
    expect(long).toEqual([]);
  });
});
