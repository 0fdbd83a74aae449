import type { Role } from './caller.js';
import type { Identity } from './identity/identity.js';
import type { RuleFields } from './rule.js';

/** What an administrator decides about a caller. */
export interface CallerFields {
  readonly description: string;
  readonly roles: readonly Role[];
  /** Each with a pattern of valid syntax (RULE_PATTERN). */
  readonly rules: readonly RuleFields[];
  /** How it may authenticate beside its API keys; each subject is a pattern. */
  readonly identities: readonly Identity[];
  /** From then on none of its keys is good; null where it does not expire. */
  readonly expiresAt: Date | null;
}

/** A caller as it is stored. */
export interface CallerRecord extends CallerFields {
  readonly name: string;
  /** Counts every change; the ETag. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An API key as it is shown: never its hash. */
export interface ApiKeyRecord {
  readonly keyId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** To the minute; null where it was never used. */
  readonly lastUsedAt: Date | null;
}

/** What a new caller has where nothing else is said: no role, no rule, no identity. */
export const NO_FIELDS: CallerFields = {
  description: '',
  roles: [],
  rules: [],
  identities: [],
  expiresAt: null,
};

const NAMES = {
  description: 'description',
  roles: 'roles',
  rules: 'rules',
  identities: 'identities',
  expiresAt: 'expires_at',
} as const satisfies Record<keyof CallerFields, string>;

/** Names, as the HTTP contract spells them, of the fields that differ. */
export function changedFields(before: CallerFields, after: CallerFields): readonly string[] {
  return (Object.keys(NAMES) as (keyof CallerFields)[])
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => NAMES[field]);
}
