import { errorFacts, type Log } from '@app/common';
import type { AuditStore } from '../writing/audit.store.js';
import { type After, after, within } from '../writing/timing.js';
import { deviceInUse } from './device.metrics.js';
import type { Drain } from './drain.js';
import type { LocalDevice } from './local.device.js';

const LOOK_EVERY_MS = 1000;
const PATIENCE_MS = 2000;
/** A replica that is taken away for good should leave nothing behind where the database is there. */
const LAST_DRAIN_MS = 10_000;

/** While the database does not take batches: finds out when it does again, and then brings it what lies on the local device. */
export class Outage {
  #since: number | undefined;
  /** Something may lie on the device. */
  #pending = false;
  #looking: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(
    private readonly store: Pick<AuditStore, 'openStream' | 'rehearse'>,
    private readonly device: LocalDevice,
    private readonly drain: Drain,
    private readonly log: Log,
    private readonly timers: After = after,
  ) {}

  /** Whether batches go to the local device. */
  get isOn(): boolean {
    return this.#since !== undefined;
  }

  /** Milliseconds since it began; 0 where there is none. */
  lastedMs(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since;
  }

  /**
   * Before the first batch: what a process of before left behind is drained. Where the database does not take it now, it is tried
   * again and again beside the work. Rejects where no number can be reserved.
   */
  async open(): Promise<void> {
    await this.device.reserve(await this.store.openStream());
    this.#pending = true;
    await this.#lookOnce();
    this.#lookAgain();
  }

  /** A batch failed. */
  begin(cause: unknown): void {
    this.#pending = true;
    this.#look();
    if (this.#since !== undefined) {
      return;
    }
    this.#since = performance.now();
    deviceInUse.set(1);
    this.log.error('The database does not take audit rows: they go to the local device.', errorFacts(cause));
  }

  /** Resolves, in bounded time, when nothing runs any more. What is not drained is kept. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.device.finish();
    if (!this.isOn && this.#pending) {
      await within(LAST_DRAIN_MS, this.#looking ?? this.drain.run(), this.timers);
    }
    this.drain.stop();
    await within(PATIENCE_MS, this.#looking ?? Promise.resolve(), this.timers);
  }

  #look(): void {
    if (this.#closed || this.#looking !== undefined || this.#cancel !== undefined) {
      return;
    }
    this.#cancel = this.timers(LOOK_EVERY_MS, () => {
      this.#cancel = undefined;
      this.#looking = this.#lookOnce().finally(() => {
        this.#looking = undefined;
        this.#lookAgain();
      });
    });
  }

  #lookAgain(): void {
    if (this.#pending) {
      this.#look();
    }
  }

  /** Never rejects. */
  async #lookOnce(): Promise<void> {
    if (this.isOn && !(await this.#end())) {
      return;
    }
    this.#pending = false;
    try {
      await this.drain.run(this.device.current);
    } catch (error) {
      this.#pending = true;
      this.log.warn('The local device of the audit log is not drained yet; it is tried again.', errorFacts(error));
    }
  }

  /** True once the database takes rows again. */
  async #end(): Promise<boolean> {
    if ((await within(PATIENCE_MS, this.store.rehearse(), this.timers)) !== true) {
      return false;
    }
    const reserved = this.store.openStream().then((number) => this.device.reserve(number).then(() => true));
    if ((await within(PATIENCE_MS, reserved, this.timers)) !== true) {
      return false;
    }
    this.log.info('The database takes audit rows again.', { duration_ms: Math.round(this.lastedMs()) });
    this.#since = undefined;
    deviceInUse.set(0);
    await this.device.finish();
    return true;
  }
}
