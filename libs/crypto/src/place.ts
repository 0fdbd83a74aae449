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
  const parts = [label, table, row, column].flatMap((text) => {
    const bytes = Buffer.from(text, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(generation));
  return Buffer.concat([...parts, number]);
}
