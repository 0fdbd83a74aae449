import { Clock } from '@app/common';
import { Fingerprints } from '@app/crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '../audit.log.js';
import type { AuditOrigin } from '../event.js';
import { AuditEvents } from './audit.events.js';
import type { RecordedEvent } from './search.js';

/** A token is issued from the cache many times; the newest say who has it now. */
const MOST_ITEMS = 1000;

/** Who was given a token. */
export interface LookedUp {
  /** By the expiry that the provider told with it: a revocation there is not known here. */
  readonly live: boolean;
  /** The events `token.issued` of it, newest first, at most 1 000. */
  readonly items: readonly RecordedEvent[];
}

/** Traces a leaked token to who got it. */
@Injectable()
export class AuditLookup {
  constructor(
    private readonly events: AuditEvents,
    private readonly fingerprints: Fingerprints,
    private readonly audit: AuditLog,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Answers once the look-up itself is recorded. Of the token only its fingerprint goes on from here. */
  async lookUp(origin: AuditOrigin, token: string): Promise<LookedUp> {
    const tokenFingerprint = this.fingerprints.of(token);
    const { items } = await this.events.search({ action: 'token.issued', tokenFingerprint, limit: MOST_ITEMS });
    const now = this.clock.now();
    const live = items.some(({ tokenExpiresAt }) => tokenExpiresAt !== null && tokenExpiresAt.getTime() > now);
    const reason = `rows=${items.length}`;
    await this.audit.append({ ...origin, action: 'audit.looked_up', outcome: 'ok', tokenFingerprint, reason });
    return { live, items };
  }
}
