import type { ConnectionState, Trouble } from './connection.js';

/** State reason of a connection whose hosts nobody has confirmed since they were changed: nothing is sent for it. */
export const HOST_UNCONFIRMED = 'host_unconfirmed';

/** The state of a row of `connections` (c) as it is shown. */
export const SHOWN_STATE = `case when c.unconfirmed_hosts <> '{}' and c.state <> 'paused' then 'misconfigured' else c.state end`;

/** A state and why. */
export interface ShownState {
  readonly state: ConnectionState;
  readonly trouble: Trouble | null;
}

/**
 * What is shown of a connection: `misconfigured` while hosts are unconfirmed. The state beneath stays as it is, so that whatever else
 * it waits for is not forgotten, and a late answer that makes it active does not confirm them.
 */
export function shownState(stored: ShownState, unconfirmedHosts: readonly string[]): ShownState {
  return unconfirmedHosts.length === 0 || stored.state === 'paused'
    ? stored
    : { state: 'misconfigured', trouble: { reason: HOST_UNCONFIRMED, status: null } };
}
