import { beforeEach, describe, expect, it } from '@jest/globals';
import { DeviceFile } from './device.file.js';
import type { Appendable } from './device.folder.js';
import { MemoryFiles } from './testing/memory-files.js';

describe(DeviceFile.name, () => {
  let disk: MemoryFiles;
  let sut: Appendable;

  const content = (): string | undefined => disk.contents.get('1')?.toString();

  beforeEach(async () => {
    disk = new MemoryFiles();
    sut = await disk.create('1', Buffer.from('first '));
  });

  it('should hold one piece behind the other', async () => {
    await sut.append(Buffer.from('second '));
    await sut.append(Buffer.from('third'));
    expect(content()).toBe('first second third');
  });

  it('should keep nothing of a piece that does not fit, and go on when there is room', async () => {
    disk.room = 3;
    await expect(sut.append(Buffer.from('second '))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect([content(), disk.room]).toEqual(['first ', 3]);
    disk.room = 100;
    await sut.append(Buffer.from('third'));
    expect(content()).toBe('first third');
  });

  it('should write nothing behind what a failed append left, until that can be cut off', async () => {
    disk.room = 3;
    const torn = sut.append(Buffer.from('second '));
    disk.broken = true;
    await expect(torn).rejects.toMatchObject({ code: 'EIO' });
    await expect(sut.append(Buffer.from('third'))).rejects.toMatchObject({ code: 'EIO' });
    disk.broken = false;
    disk.room = 100;
    await sut.append(Buffer.from('fourth'));
    expect(content()).toBe('first fourth');
  });
});
