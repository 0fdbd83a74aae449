import type { StreamFiles } from './device.folder.js';
import type { StreamSeals } from './stream.seal.js';

/** What a local device is made of: where its files are, what seals them, and how long an outage may last, in milliseconds. */
export interface DeviceStorage {
  readonly files: StreamFiles;
  readonly seals: StreamSeals;
  readonly outageMs: number;
}
export const DeviceStorage = Symbol('DeviceStorage');
