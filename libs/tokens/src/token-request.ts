import type { ConnectionName } from '@app/common';

/** What a caller asks for, validated. */
export interface TokenRequest extends ConnectionName {
  /** Whole seconds that the token must live at least. */
  readonly minTtlSeconds: number;
  /** "The provider refused the token of this generation." */
  readonly rejectedGeneration?: number;
}

/** What a caller should know although it got a token. */
export interface Warning {
  readonly code: 'min_ttl_unsatisfied' | 'refresh_failing' | 'outcome_unknown';
  readonly detail: string;
}

/** A token on its way to a caller: its row in the audit log is committed. Times are epoch milliseconds. */
export interface IssuedToken extends ConnectionName {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresInSeconds: number;
  readonly expiresAt: number;
  readonly issuedAt: number;
  readonly generation: number;
  /** Names the token in the audit log. */
  readonly fingerprint: string;
  readonly source: 'cache' | 'refresh';
  readonly extra: Readonly<Record<string, string>>;
  readonly warnings: readonly Warning[];
}
