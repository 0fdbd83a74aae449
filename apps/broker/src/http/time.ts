import { isoTime } from '@app/common';

/** RFC 3339 in UTC, with milliseconds only where there are any: `2026-11-21T10:29:02Z`. */
export const toTime = (time: Date | number): string => isoTime(Number(time), true);

/** The same, or null where there is no time. */
export const toTimeOrNull = (time: Date | number | null): string | null => (time === null ? null : toTime(time));
