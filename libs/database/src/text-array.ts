const INT_BYTES = 4;
const HEADER_BYTES = 5 * INT_BYTES;
const TEXT_TYPE = 25;
const NULL_LENGTH = -1;

/**
 * A parameter of type `text[]` in Postgres's binary format, which neither side has to quote, escape and parse: number of
 * dimensions, whether a null is among them, type of the elements, how many, number of the first; then each with its length.
 * As of `array_recv` in Postgres's source. pg sends a Buffer as it is.
 */
export function textArray(values: readonly (string | null)[]): Buffer {
  const bytes = Buffer.allocUnsafe(sizeOf(values));
  let place = HEADER_BYTES;
  let hasNull = 0;
  for (const value of values) {
    if (value === null) {
      hasNull = 1;
      bytes.writeInt32BE(NULL_LENGTH, place);
      place += INT_BYTES;
      continue;
    }
    const length = bytes.write(value, place + INT_BYTES);
    bytes.writeInt32BE(length, place);
    place += INT_BYTES + length;
  }
  [1, hasNull, TEXT_TYPE, values.length, 1].forEach((word, index) => bytes.writeInt32BE(word, index * INT_BYTES));
  return bytes;
}

function sizeOf(values: readonly (string | null)[]): number {
  let size = HEADER_BYTES;
  for (const value of values) {
    size += INT_BYTES + (value === null ? 0 : Buffer.byteLength(value));
  }
  return size;
}
