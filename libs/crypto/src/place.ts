/** Where a sealed value lives. It opens there and nowhere else, and not for another generation of the row. */
export interface Place {
  readonly table: string;
  readonly row: string;
  readonly column: string;
  readonly generation: number;
}

/**
 * Bytes that no other label and place share: each text stands behind its length (four bytes, big-endian), the generation in
 * eight. Used as additional authenticated data.
 */
export function encodePlace(label: string, { table, row, column, generation }: Place): Buffer {
  if (!Number.isSafeInteger(generation) || generation < 0) {
    throw new RangeError('A generation is a whole number from 0.');
  }
  const texts = [label, table, row, column];
  const bytes = Buffer.allocUnsafe(texts.reduce((length, text) => length + 4 + Buffer.byteLength(text), 8));
  let offset = 0;
  for (const text of texts) {
    const length = bytes.write(text, offset + 4);
    bytes.writeUInt32BE(length, offset);
    offset += 4 + length;
  }
  bytes.writeBigUInt64BE(BigInt(generation), offset);
  return bytes;
}
