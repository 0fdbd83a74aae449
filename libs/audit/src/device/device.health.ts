import type { AuditStore } from '../writing/audit.store.js';
import { type After, after, within } from '../writing/timing.js';
import type { LocalDevice } from './local.device.js';
import type { Outage } from './outage.js';

const PATIENCE_MS = 1000;

/** Whether rows find a place: in the database or, for as long as an outage may last, on the local device. */
export class DeviceHealth implements Pick<AuditStore, 'probe' | 'rehearse'> {
  constructor(
    private readonly store: Pick<AuditStore, 'probe' | 'rehearse'>,
    private readonly device: LocalDevice,
    private readonly outage: Outage,
    private readonly longestMs: number,
    private readonly timers: After = after,
  ) {}

  probe(): Promise<boolean> {
    return this.#look(() => this.store.probe());
  }

  rehearse(): Promise<boolean> {
    return this.#look(() => this.store.rehearse());
  }

  async #look(ask: () => Promise<boolean>): Promise<boolean> {
    if (!this.outage.isOn && (await within(PATIENCE_MS, ask(), this.timers)) === true) {
      return true;
    }
    return this.outage.lastedMs() < this.longestMs && this.device.isWritable();
  }
}
