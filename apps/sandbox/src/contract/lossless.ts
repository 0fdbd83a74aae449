import { parse, stringify } from 'lossless-json';

const exact = (text: string): number | bigint => {
  const value = Number(text);
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(text) ? BigInt(text) : value;
};

/** JSON.parse that keeps integers beyond 2^53 exact, as bigint. Throws on duplicate keys and on malformed text. */
export const losslessParse = (text: string): unknown => parse(text, undefined, exact);

/** JSON.stringify that writes a bigint as the number it is. */
export const losslessStringify = (value: unknown): string => stringify(value) ?? 'null';
