/** A provider may ask us to wait, but not for longer than this. */
const LONGEST_SECONDS = 3600;
/** RFC 9110, 5.6.7: an HTTP date begins with the name of a day; anything else that `Date` would accept is none. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? .*\d/;

/**
 * Whole seconds that a Retry-After header (RFC 9110, 10.2.3: seconds or a date) asks to wait, at most an hour; undefined
 * where there is none or it makes no sense.
 * @param now epoch milliseconds.
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) {
    return Math.min(Number(text), LONGEST_SECONDS);
  }
  const moment = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment)) {
    return undefined;
  }
  return Math.min(Math.max(Math.ceil((moment - now) / 1000), 0), LONGEST_SECONDS);
}
