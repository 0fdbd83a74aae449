import { BrokerError } from '@app/common';
import type { Transaction } from '@app/database';
import { CallersRepository } from './callers.repository.js';

/** A caller with the role `admin`, as far as it matters whether it can use it. */
export interface AdminStanding {
  readonly expiresAt: Date | null;
  readonly hasLiveKey: boolean;
}

/**
 * Makes a change of callers or keys, unless it takes away the last way in to administration: the only caller that has the role
 * `admin`, no expiry, and a live key; or, where there is none such, the only one that has not expired. Changes take turns, so
 * two administrators cannot remove each other at once. Identities do not count: their issuer may fail. Throws `conflict`.
 */
export async function keepingAnAdmin<Result>(
  transaction: Transaction,
  now: Date,
  change: () => Promise<Result>,
): Promise<Result> {
  const callers = new CallersRepository(transaction);
  const before = accessOf(await callers.listAdmins(now), now);
  const result = await change();
  if (accessOf(await callers.listAdmins(now), now) < before) {
    throw new BrokerError(
      'conflict',
      'This would lock everybody out of administration: no caller with the role admin, without an expiry and with a live API key would be left. Give another caller the role and a key first, and repeat this with that key.',
    );
  }
  return result;
}

/** 2 where somebody can administer for good, 1 where somebody can until it expires, else 0. */
export function accessOf(admins: readonly AdminStanding[], now: Date): 0 | 1 | 2 {
  const able = admins.filter(({ expiresAt, hasLiveKey }) => hasLiveKey && (expiresAt === null || expiresAt > now));
  if (able.length === 0) {
    return 0;
  }
  return able.some(({ expiresAt }) => expiresAt === null) ? 2 : 1;
}
