import { BrokerError, type ConnectionName, type ErrorCode } from '@app/common';
import { HOST_UNCONFIRMED, type SealedConnection, type Trouble } from '@app/connections';
import type { FailureKind, FailureReason, OutcomeKind } from '@app/providers';

/** Reasons with which a provider did answer, but nothing that can be used: 502, not 503. */
const UNUSABLE_ANSWER: ReadonlySet<string> = new Set<FailureReason>([
  'unreadable_answer',
  'no_token',
  'answer_too_large',
  'redirected',
  'unexpected_status',
]);

/** One answer for a connection that is absent and for one that the caller's rules do not cover: the same bytes. */
export const notFound = ({ provider, connection }: ConnectionName): BrokerError =>
  new BrokerError(
    'not_found',
    'There is no such connection that this key may get tokens for. Check both names, or have a rule added for it.',
    { provider, connection },
  );

/** What a caller is told when an attempt ended so. `retryInMs` is the time to the next one. */
export function failureError(
  kind: FailureKind,
  trouble: Trouble,
  name: ConnectionName,
  retryInMs: number,
): BrokerError {
  const { provider, connection } = name;
  const { reason, status, parameter } = trouble;
  const facts = { provider, connection, upstream: { status, reason } };
  const said = status === null ? reason : `HTTP ${status}, ${reason}`;
  if (kind === 'rejected') {
    const detail = `The provider refused the credential of ${provider}/${connection} (${said}). Nothing is sent until an operator stores a new one: PATCH /admin/providers/${provider}/connections/${connection}.`;
    return new BrokerError('reauthorization_required', detail, facts);
  }
  if (reason === HOST_UNCONFIRMED) {
    return hostError(name);
  }
  if (kind === 'misconfigured') {
    const what = parameter === undefined ? '' : `, parameter ${parameter}`;
    const detail = `The provider refused the configuration of ${provider}/${connection} (${said}${what}). Nothing is sent until an operator changes its settings or secrets.`;
    return new BrokerError('connection_misconfigured', detail, {
      ...facts,
      ...(parameter === undefined ? {} : { parameter }),
    });
  }
  const retryAfter = Math.max(1, Math.ceil(retryInMs / 1000));
  const code: ErrorCode = UNUSABLE_ANSWER.has(reason) ? 'provider_error' : 'provider_unavailable';
  const problem = code === 'provider_error' ? 'answered something unusable' : 'cannot be reached or is failing';
  const detail = `The provider of ${provider}/${connection} ${problem} (${said}). It is asked again by itself; ask for the token again in ${retryAfter} s.`;
  return new BrokerError(code, detail, { ...facts, retryAfter });
}

/** The host was changed, and whoever changes one must not get the credential by that alone. */
const hostError = ({ provider, connection }: ConnectionName): BrokerError =>
  new BrokerError(
    'connection_misconfigured',
    `The host that requests for ${provider}/${connection} go to was changed. Nothing is sent until an administrator confirms it: look at unconfirmed_hosts, then POST /admin/providers/${provider}/confirm-hosts, or …/connections/${connection}/confirm-hosts for this one alone.`,
    { provider, connection, upstream: { status: null, reason: HOST_UNCONFIRMED } },
  );

/** The outcome of the last attempt is not known, and nothing may be sent for so long. */
export function uncertainError(name: ConnectionName, retryInMs: number): BrokerError {
  const { provider, connection } = name;
  const retryAfter = Math.max(1, Math.ceil(retryInMs / 1000));
  const detail = `A renewal of ${provider}/${connection} was sent, and its outcome is not known. Sending again now could revoke the account, so it is settled first; ask for the token again in ${retryAfter} s.`;
  const upstream = { status: null, reason: 'outcome_unknown' };
  return new BrokerError('provider_unavailable', detail, { provider, connection, retryAfter, upstream });
}

/** The database was restored, and the stored credential may be older than the provider's. */
export const quarantinedError = ({ provider, connection }: ConnectionName): BrokerError =>
  new BrokerError(
    'conflict',
    `The database was restored, and the credential of ${provider}/${connection} may be older than the provider's. Nothing is sent until an operator runs "claviger reconcile", or stores a new credential: PATCH /admin/providers/${provider}/connections/${connection}.`,
    { provider, connection },
  );

/** What a caller is told of a connection that must not send now; undefined where it may. */
export function blockedError(
  connection: SealedConnection,
  now: number,
  ignoreBackoff: boolean,
): BrokerError | undefined {
  const { state, trouble, lastTrouble, retryAt } = connection;
  const unknown: Trouble = { reason: 'unknown', status: null };
  if (state === 'paused') {
    const detail = `An operator paused ${connection.provider}/${connection.connection}. It hands out tokens again after POST …/resume.`;
    return new BrokerError('connection_paused', detail, {
      provider: connection.provider,
      connection: connection.connection,
    });
  }
  if (state === 'reauthorization_required') {
    return failureError('rejected', trouble ?? unknown, connection, 0);
  }
  if (state === 'misconfigured') {
    return failureError('misconfigured', trouble ?? unknown, connection, 0);
  }
  if (connection.providerTrouble !== null && !ignoreBackoff) {
    return failureError('misconfigured', connection.providerTrouble, connection, 0);
  }
  const waits = !ignoreBackoff && retryAt !== null && retryAt > now && isFailure(connection.lastOutcome);
  return waits ? failureError('unknown', lastTrouble ?? unknown, connection, retryAt - now) : undefined;
}

const isFailure = (outcome: OutcomeKind | null): boolean => outcome !== null && outcome !== 'ok';

/** The refresh goes on; this caller's patience ended. */
export const pendingError = ({ provider, connection }: ConnectionName): BrokerError =>
  new BrokerError(
    'refresh_pending',
    `The refresh of ${provider}/${connection} is still under way. It goes on without you; ask again in a moment.`,
    { provider, connection, retryAfter: 1 },
  );

/** No new refresh is begun while the broker stops. */
export const drainingError = (): BrokerError =>
  new BrokerError('shutting_down', 'This broker is stopping. Ask again: another one answers.', { retryAfter: 1 });
