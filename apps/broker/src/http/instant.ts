import { ValidateBy } from '@app/common';

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

/** Before and after, a time in UTC has no year of four digits: nothing that stores or prints it would understand it. */
const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Milliseconds since the epoch of an RFC 3339 time; `undefined` where it is none, names a day that does not exist, or lies
 * outside the years 1 to 9999.
 */
export function toInstant(text: string): number | undefined {
  const [, year, month, day] = RFC_3339.exec(text) ?? [];
  if (!year || !month || !day || Number(day) > daysOf(Number(year), Number(month))) {
    return undefined;
  }
  const instant = Date.parse(text.toUpperCase());
  return instant >= FIRST && instant <= LAST ? instant : undefined;
}

const daysOf = (year: number, month: number): number => {
  const lastDay = new Date(0);
  lastDay.setUTCFullYear(year, month, 0);
  return lastDay.getUTCDate();
};

/** Refuses whatever `toInstant` does not understand. */
export const IsInstant = (): PropertyDecorator =>
  ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && toInstant(value) !== undefined,
      defaultMessage: () => 'must be a time with its zone (RFC 3339), such as 2026-11-21T10:00:00Z',
    },
  });
