import { describe, expect, it } from '@jest/globals';
import { accessOf, type AdminStanding } from './last-admin.js';

const now = new Date('2026-11-29T10:00:00Z');
const later = new Date(now.getTime() + 1);
const lasting: AdminStanding = { expiresAt: null, hasLiveKey: true };

describe('accessOf', () => {
  it.each([
    ['nobody', [], 0],
    ['one without a live key', [{ ...lasting, hasLiveKey: false }], 0],
    ['one that has expired', [{ ...lasting, expiresAt: now }], 0],
    ['one that will expire', [{ ...lasting, expiresAt: later }], 1],
    ['one that stays', [lasting], 2],
    ['one that stays among others', [{ ...lasting, expiresAt: later }, lasting, { ...lasting, hasLiveKey: false }], 2],
    [
      'one that stays without a key, and one that will expire',
      [
        { ...lasting, hasLiveKey: false },
        { ...lasting, expiresAt: later },
      ],
      1,
    ],
  ])('should, with %s, be as told', (_who, admins, access) => {
    expect(accessOf(admins, now)).toBe(access);
  });
});
