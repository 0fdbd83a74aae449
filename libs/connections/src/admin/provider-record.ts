import { BrokerError } from '@app/common';
import type { HostMark } from './hosts.js';

/** A configured provider as an administrator sees it: secrets only by name. */
export interface ProviderRecord {
  readonly name: string;
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secretFields: readonly string[];
  /** Hosts that nobody has confirmed: its secrets are not sent there. */
  readonly hosts: HostMark;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A whole configuration, as PUT brings it; unchecked. */
export interface ProviderInput {
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, unknown>>;
}

/** Changes to merge, as PATCH brings them: null removes a field. */
export interface ProviderChanges {
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  readonly secrets?: Readonly<Record<string, unknown>> | undefined;
}

/** `not_found` for a provider that is not configured. */
export const noSuchProvider = (name: string): BrokerError =>
  new BrokerError('not_found', `There is no provider ${name}: GET /admin/providers lists those there are.`, {
    provider: name,
  });
