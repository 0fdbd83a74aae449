import { describe, expect, it } from '@jest/globals';
import { type Bytes, DamagedFile, encodeFrame, readFrames } from './frame.js';

const CONTENTS = ['one', '', 'three'].map((text) => Buffer.from(text));
const WHOLE = Buffer.concat(CONTENTS.map(encodeFrame));

const bytesOf = (content: Buffer): Bytes => ({
  read: async (offset, length) => content.subarray(offset, offset + length),
});

const read = async (content: Buffer): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const frame of readFrames(bytesOf(content))) {
    found.push(frame.toString());
  }
  return found;
};

describe(readFrames.name, () => {
  it('should find what was written', async () => {
    expect(await read(WHOLE)).toEqual(['one', '', 'three']);
    expect(await read(Buffer.alloc(0))).toEqual([]);
  });

  it('should leave out a last frame that is cut short, wherever it is cut', async () => {
    const lastAt = WHOLE.length - encodeFrame(CONTENTS[2] ?? Buffer.alloc(0)).length;
    for (let length = lastAt; length < WHOLE.length; length += 1) {
      expect(await read(WHOLE.subarray(0, length))).toEqual(['one', '']);
    }
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'should not take a length whose byte %i was changed for a torn end',
    async (place) => {
      const changed = Buffer.from(WHOLE);
      changed.writeUInt8(changed.readUInt8(place) ^ 0x10, place);
      await expect(read(changed)).rejects.toThrow(DamagedFile);
    },
  );
});
