import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SpoolFolder } from './spool.folder.js';

describe(SpoolFolder.name, () => {
  let parent: string;
  let sut: SpoolFolder;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'claviger-folder-'));
    sut = new SpoolFolder(join(parent, 'spool'));
    await sut.ensure();
  });

  afterEach(() => rm(parent, { recursive: true, force: true }));

  it('should hold each of many files that are written at once, and nothing else', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `file-${index}`);
    await Promise.all(names.map((name) => sut.write(name, `text of ${name}\n`)));
    expect((await sut.names()).toSorted()).toEqual(names.toSorted());
    await expect(Promise.all(names.map((name) => sut.read(name)))).resolves.toEqual(
      names.map((name) => `text of ${name}\n`),
    );
  });

  it('should replace a file as a whole', async () => {
    await sut.write('file', 'a long text');
    await sut.write('file', 'short');
    await expect(sut.read('file')).resolves.toBe('short');
  });

  it('should make its folder anew where it is gone, and go on where somebody else did', async () => {
    await sut.write('before', 'text');
    await rm(sut.path, { recursive: true });
    await sut.write('made', 'text');
    expect(await readdir(sut.path)).toEqual(['made']);
    await rm(sut.path, { recursive: true });
    await mkdir(sut.path);
    await sut.write('found', 'text');
    expect(await readdir(sut.path)).toEqual(['found']);
  });

  it('should leave nothing of what could not be written', async () => {
    await mkdir(join(sut.path, 'taken'));
    await expect(sut.write('taken', 'text')).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(sut.names()).resolves.toEqual(['taken']);
    await sut.write('next', 'text');
    await expect(sut.read('next')).resolves.toBe('text');
  });

  it('should tell whether there was something to move, and not mind removing what is gone', async () => {
    await sut.write('old', 'text');
    await expect(sut.move('old', 'new')).resolves.toBe(true);
    await expect(sut.move('old', 'new')).resolves.toBe(false);
    await sut.remove('new');
    await sut.remove('new');
    await expect(sut.names()).resolves.toEqual([]);
  });
});
