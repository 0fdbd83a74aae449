import { KeptFlight } from '@app/common';
import { Injectable } from '@nestjs/common';
import { type KeysStatus, type KeyStanding, rotationOf } from './key-record.js';
import { encryptionKeys, encryptionKeyValues, replicasBehind } from './keys.metrics.js';
import { KeysRepository } from './keys.repository.js';

/** Scrapes within this time share one count, and one that failed. */
const KEEP_MS = 10_000;

/** The keys together with what needs them, for administrators and for metrics. */
@Injectable()
export class KeyStandings {
  readonly #flight = new KeptFlight(KEEP_MS);

  constructor(private readonly keys: KeysRepository) {}

  async read(): Promise<KeysStatus> {
    const [records, replicas] = await Promise.all([this.keys.all(), this.keys.liveReplicas()]);
    const keys: KeyStanding[] = [];
    for (const record of records) {
      keys.push({
        ...record,
        acknowledgedBy: replicas.filter(({ opens }) => opens.includes(record.id)).length,
        values: record.state === 'primary' ? null : await this.keys.countValues(record.id),
      });
    }
    return { keys, replicas, rotation: rotationOf(keys, replicas) };
  }

  /** Fills the gauges; to be called before the metrics are read. */
  measure(): Promise<void> {
    return this.#flight.join(() => this.#count());
  }

  async #count(): Promise<void> {
    const { keys, rotation } = await this.read();
    encryptionKeys.reset();
    encryptionKeyValues.reset();
    for (const { id, provider, state, values } of keys) {
      encryptionKeys.set({ key: id, provider, state }, 1);
      if (values !== null) {
        encryptionKeyValues.set({ key: id }, values);
      }
    }
    replicasBehind.set(rotation?.phase === 'waiting_for_replicas' ? rotation.waitingFor.length : 0);
  }
}
