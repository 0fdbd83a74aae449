import { BrokerError, type ConnectionName } from '@app/common';
import type { ConnectionState, Trouble } from '../connection.js';
import type { HostMark } from './hosts.js';

/** A connection as an administrator sees it: everything but secret values. */
export interface ConnectionRecord extends ConnectionName {
  readonly id: string;
  readonly state: ConnectionState;
  readonly stateTrouble: Trouble | null;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credentialFields: readonly string[];
  readonly credentialUpdatedAt: Date;
  readonly generation: number;
  readonly token: { readonly issuedAt: Date; readonly expiresAt: Date } | null;
  /** Hosts that nobody has confirmed: nothing is sent while there are any, whatever the state says. */
  readonly hosts: HostMark;
  readonly refreshAt: Date | null;
  readonly lastAttemptAt: Date | null;
  readonly lastOutcome: string | null;
  readonly lastTrouble: Trouble | null;
  readonly consecutiveFailures: number;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A token that an operator brings along with a credential. */
export interface BroughtToken {
  readonly accessToken: string;
  readonly expiresAt: Date;
}

/** A whole connection, as PUT brings it; unchecked. */
export interface ConnectionInput {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credential: Readonly<Record<string, unknown>>;
  readonly token?: BroughtToken | undefined;
}

/** Changes to merge, as PATCH brings them: null removes a field. */
export interface ConnectionChanges {
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  readonly credential?: Readonly<Record<string, unknown>> | undefined;
  readonly token?: BroughtToken | undefined;
}

/** Which connections a list shows. */
export interface ConnectionFilter {
  readonly provider?: string | undefined;
  readonly state?: ConnectionState | undefined;
  /** Part of the connection's name. */
  readonly q?: string | undefined;
}

/** `not_found` for a connection that is not there. */
export const noSuchConnection = ({ provider, connection }: ConnectionName): BrokerError =>
  new BrokerError(
    'not_found',
    `There is no connection ${provider}/${connection}: GET /admin/connections?provider=${provider} lists those there are.`,
    { provider, connection },
  );
