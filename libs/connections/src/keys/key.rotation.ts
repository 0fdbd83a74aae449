import { Inject, Injectable } from '@nestjs/common';
import { RecordedChanges } from '@app/audit';
import { Log } from '@app/common';
import { Config } from '@app/config';
import type { KeyRecord } from './key-record.js';
import { KeyStatesRepository } from './key-states.repository.js';
import { KeysRepository } from './keys.repository.js';
import { Rewrapper } from './rewrapper.js';

const SYSTEM = { actor: { type: 'system' } } as const;
/** A retired key is looked at again after so many times the expiry of a replica: one that was frozen may have written with it. */
const LOOK_AGAIN = 3;

/** Brings a rotation on, step by step. Every replica does so; each step is made once. */
@Injectable()
export class KeyRotation {
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly keys: KeysRepository,
    private readonly changes: RecordedChanges,
    private readonly rewrapper: Rewrapper,
    @Inject(Config) private readonly config: Config,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Makes whatever step can be made of what the keys were when they were last read. */
  async advance(known: readonly KeyRecord[]): Promise<void> {
    const wanted = known.find((key) => key.wanted);
    if (wanted !== undefined) {
      await this.promote(wanted.id);
    }
    await this.#reopenRetired(known);
    for (const key of known.filter((one) => !one.wanted && (one.state === 'decrypt_only' || one.state === 'pending'))) {
      await this.#empty(key);
    }
  }

  /** Makes the key the primary one, where that is wanted and every live replica opens it. False before that. */
  async promote(id: string): Promise<boolean> {
    const { replicaMs } = this.config.timing;
    const behind = (await this.keys.liveReplicas()).filter(({ opens }) => !opens.includes(id));
    if (behind.length > 0) {
      return false;
    }
    const promoted = await this.changes.changeApart(SYSTEM, async (transaction, now) => {
      const states = await KeyStatesRepository.lock(transaction);
      if (states.find(id)?.wanted !== true || (await states.countBehind(id, replicaMs)) > 0) {
        return { result: false, events: [] };
      }
      await states.promote(id, now);
      return { result: true, events: [{ action: 'encryption_key.promoted', reason: id }] };
    });
    if (promoted) {
      this.log.info('Another encryption key seals from now on; what is stored is re-wrapped.', { key_id: id });
    }
    return promoted;
  }

  /** Re-wraps what the key sealed, and retires it once nothing needs it. */
  async #empty({ id, state }: KeyRecord): Promise<void> {
    if (await this.keys.hasValues(id)) {
      await this.rewrapper.pass(id);
    }
    if (state !== 'decrypt_only' || (await this.keys.hasValues(id)) || (await this.#isInUse(id))) {
      return;
    }
    const retired = await this.changes.changeApart(SYSTEM, async (transaction, now) => {
      const states = await KeyStatesRepository.lock(transaction);
      const isDue = states.find(id)?.state === 'decrypt_only' && !(await this.#isInUse(id));
      if (!isDue) {
        return { result: false, events: [] };
      }
      await states.retire(id, now);
      return { result: true, events: [{ action: 'encryption_key.retired', reason: id }] };
    });
    if (retired) {
      this.log.info('An encryption key is retired: nothing that is stored needs it.', { key_id: id });
    }
  }

  /** True where a live replica may still seal with the key, or has files that are sealed with it. */
  async #isInUse(id: string): Promise<boolean> {
    const replicas = await this.keys.liveReplicas();
    return replicas.some(({ sealsWith, spooledWith }) => sealsWith === id || spooledWith.includes(id));
  }

  async #reopenRetired(known: readonly KeyRecord[]): Promise<void> {
    if (performance.now() - this.#lookedAt < LOOK_AGAIN * this.config.timing.replicaMs) {
      return;
    }
    this.#lookedAt = performance.now();
    for (const { id } of known.filter(({ state }) => state === 'retired')) {
      if (await this.keys.hasValues(id)) {
        await this.#reopen(id);
      }
    }
  }

  #reopen(id: string): Promise<void> {
    this.log.warn('A value was stored with a retired encryption key; it is re-wrapped.', { key_id: id });
    return this.changes.changeApart(SYSTEM, async (transaction) => {
      const states = await KeyStatesRepository.lock(transaction);
      if (states.find(id)?.state !== 'retired') {
        return { result: undefined, events: [] };
      }
      await states.reopen(id);
      return { result: undefined, events: [{ action: 'encryption_key.reopened', reason: id }] };
    });
  }
}
