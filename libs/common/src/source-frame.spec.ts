import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sourceFrame } from './source-frame.js';

let folder: string;
const built = (name: string): string => pathToFileURL(join(folder, 'dist', name)).href;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claviger-maps-'));
  await writeFile(join(folder, 'broken.js.map'), '{');
  // Line 1, column 1 of the build is line 4, column 3 of the source.
  const map = { version: 3, file: 'a.js', sources: ['../libs/a.ts'], names: [], mappings: 'AAGE', sourceRoot: '' };
  await writeFile(join(folder, 'a.js.map'), JSON.stringify(map));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe(sourceFrame.name, () => {
  it('should name the line of the source where the build has a map', () => {
    const file = pathToFileURL(join(folder, 'a.js')).href;
    const source = new URL('../libs/a.ts', file).href;

    expect(sourceFrame(`at fail (${file}:1:1)`)).toBe(`at fail (${source}:4:3)`);
    expect(sourceFrame(`at async ${file}:1:9`)).toBe(`at async ${source}:4:3`);
  });

  it.each([
    ['a file without a map', () => `at fail (${built('none.js')}:3:7)`],
    ['a map that cannot be read', () => `at fail (${pathToFileURL(join(folder, 'broken.js')).href}:3:7)`],
    ['a module of Node', () => 'at node:internal/process/task_queues:105:5'],
    ['a frame without a place', () => 'at Array.map (<anonymous>)'],
  ])('should leave a frame of %s as it is', (_, frame) => {
    expect(sourceFrame(frame())).toBe(frame());
  });
});
