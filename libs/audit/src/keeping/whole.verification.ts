import type { PublicKeys } from '../verification/public-keys.js';
import type { LogSource } from '../verification/log-source.js';
import { verifyLog } from '../verification/verify-log.js';
import type { LogVerification, PastVerified } from './log.verification.js';
import { boundaryOf } from './retirement.js';

/**
 * The verification that an auditor asks for, columns, checkpoints and all, of what is to go; then the walk over the chains that
 * tells where they end. Days are read twice before they are gone for good.
 */
export class WholeVerification implements LogVerification {
  constructor(
    private readonly source: LogSource,
    private readonly keys: PublicKeys,
    private readonly walk: LogVerification,
  ) {}

  async verify(before: string, signal: AbortSignal): Promise<PastVerified> {
    const range = { to: new Date(boundaryOf(before)).toISOString() };
    const { fault } = await verifyLog(this.source, { range, keys: this.keys, signal });
    if (fault === null) {
      return this.walk.verify(before, signal);
    }
    return { ok: false, fault: `stream ${fault.stream} row ${fault.seq}: ${fault.kind}, ${fault.detail}` };
  }
}
