import { keyOfCursor } from '@app/common';
import type { ConnectionPlace } from './connection-admin.repository.js';
import type { ConnectionRecord } from './connection-record.js';

const PATTERN = /^\d{1,15}\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The key of a row in a list of newest changes first. */
export const cursorOf = ({ updatedAt, id }: ConnectionRecord): string => `${updatedAt.getTime()}/${id}`;

/** The place that a cursor stands for. @throws BrokerError `invalid_request` with the field `cursor`. */
export function placeOf(cursor: string): ConnectionPlace {
  const [time = '', id = ''] = keyOfCursor(cursor, PATTERN).split('/');
  return { updatedAt: new Date(Number(time)), id };
}
