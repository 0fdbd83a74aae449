const LENGTH_BYTES = 4;
const HEADER_BYTES = 2 * LENGTH_BYTES;

/** Bytes that can be read at any place: as many as asked for, fewer only at their end. */
export interface Bytes {
  read(offset: number, length: number): Promise<Buffer>;
}

/** A file whose content is not what was written, other than that its end is missing. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';
}

/**
 * Length (4 bytes, big endian) · its complement (4) · content. The complement tells a length that was changed from a frame that
 * was never written to its end.
 */
export function encodeFrame(content: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(content.length);
  header.writeUInt32BE(complement(content.length), LENGTH_BYTES);
  return Buffer.concat([header, content]);
}

/**
 * The contents of all frames, one after the other. A last one that is cut short was never acknowledged and is left out.
 * @throws DamagedFile at a frame whose length was changed.
 */
export async function* readFrames(bytes: Bytes): AsyncGenerator<Buffer> {
  for (let offset = 0; ;) {
    const header = await bytes.read(offset, HEADER_BYTES);
    if (header.length < HEADER_BYTES) {
      return;
    }
    const length = header.readUInt32BE();
    if (header.readUInt32BE(LENGTH_BYTES) !== complement(length)) {
      throw new DamagedFile('The length of a frame was changed.');
    }
    const content = await bytes.read(offset + HEADER_BYTES, length);
    if (content.length < length) {
      return;
    }
    yield content;
    offset += HEADER_BYTES + length;
  }
}

const complement = (length: number): number => ~length >>> 0;
