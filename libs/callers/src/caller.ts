import { BrokerError, type ConnectionName } from '@app/common';
import type { Identity } from './identity/identity.js';
import type { Circumstances, Rule } from './rule.js';

/** What a caller may do beside getting tokens. An administrator is not by that a reader of tokens: rules are separate. */
export const ROLES = ['admin', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** True for a name of a role. */
export const isRole = (name: string): name is Role => ROLES.some((role) => role === name);

/** Who asks, as far as a request needs to know. */
export interface Caller {
  readonly name: string;
  /** The API key that it showed; for an identity what vouched, and for whom (ProvedIdentity). */
  readonly keyId: string;
  /** The identity that it proved instead of showing a key: it is looked up anew by this, not by `keyId`. */
  readonly identity?: Identity;
  readonly roles: readonly Role[];
  readonly rules: readonly Rule[];
  /** The change mark under which all this was read; undefined where none was known. */
  readonly asOf?: string | undefined;
}

/** True where one of the caller's rules covers the connection and holds now; without a rule nothing is covered. */
export function covers(caller: Caller, name: ConnectionName, circumstances: Circumstances): boolean {
  return caller.rules.some((rule) => rule.matches(name) && rule.brokenLimits(circumstances).length === 0);
}

/** The rules of the caller that hold now. */
export const heldRules = (caller: Caller, circumstances: Circumstances): readonly Rule[] =>
  caller.rules.filter((rule) => rule.brokenLimits(circumstances).length === 0);

/** Throws `forbidden` where the caller has none of the roles. */
export function requireRole(caller: Caller, ...roles: readonly Role[]): void {
  if (!roles.some((role) => caller.roles.includes(role))) {
    throw new BrokerError(
      'forbidden',
      `This needs the role ${roles.join(' or ')}, which the caller ${caller.name} does not have: an administrator can grant it.`,
    );
  }
}
