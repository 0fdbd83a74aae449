import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';

const PAGE = readFileSync('docs/threat-model.md', 'utf8');

/** What looks like a path of ours. */
const PATHS = [
  ...new Set([...PAGE.matchAll(/\b((?:test|libs|apps|bench|docs)\/[\w./-]+)/g)].map(([, path = '']) => path)),
];

/** Names of tests in the page, with the file that was named before them in their cell. */
const TESTS = PAGE.split(/[|;]|\n/).flatMap((cell) => {
  let file = '';
  return [...cell.matchAll(/`((?:test|libs|apps)\/[\w./-]+)`|“([^”]+)”/g)].flatMap(([, path, name]) => {
    file = path ?? file;
    return name === undefined || file === '' ? [] : [[file, name] as const];
  });
});

describe('docs/threat-model.md', () => {
  it('should name files that there are', () => {
    expect(PATHS.length).toBeGreaterThan(40);
    expect(PATHS.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('should name tests that there are', () => {
    const missing = TESTS.filter(([file, name]) => !readFileSync(file, 'utf8').includes(name));

    expect(TESTS.length).toBeGreaterThan(50);
    expect(missing).toEqual([]);
  });

  it('should name a test for every threat that something stands against', () => {
    const threats = PAGE.split('\n').filter((line) => /^\| [STRIDE](, [STRIDE])* +\|/.test(line));
    const unproved = threats.filter((line) => !line.includes('.spec.ts') && !line.includes('-spec.ts'));

    expect(threats.length).toBeGreaterThan(35);
    expect(unproved.map((line) => line.split('|')[2]?.trim())).toEqual([
      'memory, swap, core dumps, `--inspect`, diagnostic reports',
    ]);
  });
});
