import type { PageRequest } from '@app/common';
import type { AuditAction, AuditOutcome } from '../event.js';

/** Which events are wanted: conditions that are absent do not restrict, all others must hold; `limit` is 1 to 1000. */
export interface AuditQuery extends PageRequest {
  /** Not before this time, in milliseconds since the epoch. */
  readonly from?: number | undefined;
  /** Before this time, in milliseconds since the epoch. */
  readonly to?: number | undefined;
  readonly action?: AuditAction | undefined;
  readonly outcome?: AuditOutcome | undefined;
  readonly caller?: string | undefined;
  readonly provider?: string | undefined;
  readonly connection?: string | undefined;
  readonly requestId?: string | undefined;
  readonly tokenFingerprint?: string | undefined;
}

/** One line of the log as it stands there. */
export interface RecordedEvent {
  /** Decimal, as 64 bits do not fit a number. `<stream>-<seq>` names the event. */
  readonly stream: string;
  readonly seq: string;
  /** The database's time, to the millisecond. */
  readonly at: Date;
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly type: string; readonly caller: string | null; readonly keyId: string | null };
  readonly provider: string | null;
  readonly connection: string | null;
  readonly generation: number | null;
  readonly requestId: string | null;
  readonly clientIp: string | null;
  readonly upstreamStatus: number | null;
  readonly reason: string | null;
  readonly durationMs: number | null;
  readonly tokenFingerprint: string | null;
  /** Until when the token of the fingerprint was said to be good. */
  readonly tokenExpiresAt: Date | null;
  readonly fields: readonly string[];
  readonly count: number;
  /** `local` where the row waited on the replica's own device while the database was away. */
  readonly device: string;
}
