import { isLosslessNumber, parse } from 'lossless-json';

/** A JSON object as received: numbers are kept as they were written, so that an int64 survives. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The JSON object that a text is, or undefined where it is anything else. The last of duplicate keys wins, as in
 * `JSON.parse`; `__proto__` is a key like any other.
 */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value = parse(text, null, { onDuplicateKey: ({ newValue }) => newValue });
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The value at a dotted path (`data.accessToken`, `errors.0.code`), or undefined where there is none; inherited properties
 * are none.
 */
export function lookUp(json: JsonObject, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => memberOf(value, key), json);
}

function memberOf(value: unknown, key: string): unknown {
  if (Array.isArray(value)) {
    return /^\d+$/.test(key) ? (value as readonly unknown[])[Number(key)] : undefined;
  }
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The text of a string that is not empty, or the digits of a number as received; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return value === '' ? undefined : value;
  }
  return isLosslessNumber(value) ? value.toString() : undefined;
}

/** A number or numeric string as a number; undefined where nothing or null was sent, NaN for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  const text = textOf(value)?.trim();
  return text === undefined || text === '' ? Number.NaN : Number(text);
}

/** Whether a parsed value is an object: neither an array nor a number nor null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}
