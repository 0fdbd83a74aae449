import { BrokerError } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '../audit.log.js';
import type { AuditOrigin } from '../event.js';
import type { TimeRange } from './log-source.js';
import { PublicKeys } from './public-keys.js';
import type { Verification } from './verification.js';
import { VerificationRepository } from './verification.repository.js';
import { verifyLog } from './verify-log.js';

/** Verifies the log of the database, one at a time: each reads all of it. */
@Injectable()
export class AuditVerifier {
  #underWay = false;

  constructor(
    private readonly repository: VerificationRepository,
    @Inject(PublicKeys) private readonly keys: PublicKeys,
    private readonly audit: AuditLog,
  ) {}

  /**
   * What the log is worth, recorded in it. Throws `conflict` while another verification is under way here, and the signal's reason
   * where it ends this one.
   */
  async verify(origin: AuditOrigin, range: TimeRange, signal: AbortSignal): Promise<Verification> {
    if (this.#underWay) {
      throw new BrokerError('conflict', 'A verification is under way on this replica. Ask again when it has ended.', {
        retryAfter: 10,
      });
    }
    this.#underWay = true;
    try {
      const verification = await this.#verify(origin, range, signal);
      await this.#record(
        origin,
        verification.ok,
        `${verification.fault?.kind ?? 'no_fault'} rows=${verification.rows}`,
      );
      return verification;
    } finally {
      this.#underWay = false;
    }
  }

  async #verify(origin: AuditOrigin, range: TimeRange, signal: AbortSignal): Promise<Verification> {
    let rows = 0;
    const onProgress = (read: number): void => void (rows = read);
    try {
      return await verifyLog(this.repository, { range, keys: this.keys, signal, onProgress });
    } catch (error) {
      await this.#record(origin, false, `interrupted rows=${rows}`).catch(() => undefined);
      throw error;
    }
  }

  async #record(origin: AuditOrigin, ok: boolean, reason: string): Promise<void> {
    await this.audit.append({ ...origin, action: 'audit.verified', outcome: ok ? 'ok' : 'failed', reason });
  }
}
