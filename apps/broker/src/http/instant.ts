import { ValidateBy } from 'class-validator';

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

/** Milliseconds since the epoch of an RFC 3339 time; `undefined` where it is none or names a day that does not exist. */
export function toInstant(text: string): number | undefined {
  const [, year, month, day] = RFC_3339.exec(text) ?? [];
  if (!year || !month || !day || Number(day) > daysOf(Number(year), Number(month))) {
    return undefined;
  }
  const instant = Date.parse(text.toUpperCase());
  return Number.isNaN(instant) ? undefined : instant;
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
