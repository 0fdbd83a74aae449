import { describe, expect, it } from '@jest/globals';
import { cursorOf, placeOf } from './connection-cursor.js';
import type { ConnectionRecord } from './connection-record.js';

const ID = '3f0c2f5e-2b0c-4c0e-9d55-6f6a0f3f9b1a';
const updatedAt = new Date('2026-11-21T10:00:00.123Z');

const record: ConnectionRecord = {
  id: ID,
  provider: 'klavi',
  connection: 'acme',
  state: 'active',
  stateTrouble: null,
  settings: {},
  credentialFields: [],
  credentialUpdatedAt: updatedAt,
  generation: 1,
  token: null,
  hosts: { confirmed: [], unconfirmed: [] },
  refreshAt: null,
  lastAttemptAt: null,
  lastOutcome: null,
  lastTrouble: null,
  consecutiveFailures: 0,
  version: 1,
  createdAt: updatedAt,
  updatedAt,
};

/** A key as it travels. */
const encoded = (key: string): string => Buffer.from(key).toString('base64url');

describe('the cursor of a list of connections', () => {
  it('should stand for the row it was made of, to the millisecond', () => {
    expect(placeOf(encoded(cursorOf(record)))).toEqual({ updatedAt, id: ID });
  });

  it.each([
    ['nothing', ''],
    ['no cursor', 'next'],
    ['a cursor of another list', encoded('klavi/acme')],
    ['a place without an id', encoded('1795255200123/')],
    ['an id that is none', encoded(`1795255200123/${ID.replace('3', 'x')}`)],
    ['a time that is none', encoded(`now/${ID}`)],
    ['a time beyond all dates', encoded(`9999999999999999/${ID}`)],
    ['a cursor with something behind it', `${encoded(cursorOf(record))}AA`],
    ['SQL', encoded(`1795255200123/${ID}' or true --`)],
  ])('should refuse %s by its field', (_name, cursor) => {
    const errors = [{ field: 'cursor', message: expect.any(String) }];
    expect(() => placeOf(cursor)).toThrow(expect.objectContaining({ code: 'invalid_request', facts: { errors } }));
  });
});
