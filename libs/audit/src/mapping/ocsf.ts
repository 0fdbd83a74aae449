import { type ExportedLine, restOf } from './exported-line.js';

const OCSF_VERSION = '1.3.0';
const API_ACTIVITY = {
  class_uid: 6003,
  class_name: 'API Activity',
  category_uid: 6,
  category_name: 'Application Activity',
};
const AUTHENTICATION = {
  class_uid: 3002,
  class_name: 'Authentication',
  category_uid: 3,
  category_name: 'Identity & Access Management',
};

type Activity = readonly [id: number, name: string];
const CREATE: Activity = [1, 'Create'];
const READ: Activity = [2, 'Read'];
const UPDATE: Activity = [3, 'Update'];
const DELETE: Activity = [4, 'Delete'];
const OTHER: Activity = [99, 'Other'];
const LOGON: Activity = [1, 'Logon'];

/** The verb of an action, the part behind its dot, as an activity of API Activity; all others are Other. */
const ACTIVITIES: Readonly<Record<string, Activity>> = {
  created: CREATE,
  updated: UPDATE,
  replaced: UPDATE,
  paused: UPDATE,
  resumed: UPDATE,
  hosts_confirmed: UPDATE,
  reconciled: UPDATE,
  succeeded: UPDATE,
  failed: UPDATE,
  started: UPDATE,
  deleted: DELETE,
  revoked: DELETE,
  issued: READ,
  refused: READ,
  undelivered: READ,
  exported: READ,
  verified: READ,
  looked_up: READ,
};
const CREATING: ReadonlySet<string> = new Set(['key.issued']);

const SUCCESS = { status_id: 1, status: 'Success' };
const FAILURE = { status_id: 2, status: 'Failure' };
const UNKNOWN = { status_id: 0, status: 'Unknown' };
const STATUSES: Readonly<Record<string, { readonly status_id: number; readonly status: string }>> = {
  ok: SUCCESS,
  started: UNKNOWN,
  unknown: UNKNOWN,
};

/**
 * The event in the words of OCSF 1.3: `authentication.failed` is Authentication (3002), all others are API Activity (6003).
 * Source: https://schema.ocsf.io/1.3.0/classes/api_activity and /authentication. What it has no place for stands in `unmapped`.
 */
export function toOcsf(line: ExportedLine): Readonly<Record<string, unknown>> {
  const isAuthentication = line.action === 'authentication.failed';
  const kind = isAuthentication ? AUTHENTICATION : API_ACTIVITY;
  const [activity, activityName] = isAuthentication ? LOGON : activityOf(line.action);
  const status = STATUSES[line.outcome] ?? FAILURE;
  return {
    ...kind,
    activity_id: activity,
    activity_name: activityName,
    type_uid: kind.class_uid * 100 + activity,
    time: Date.parse(line.at),
    severity_id: status === FAILURE ? 2 : 1,
    severity: status === FAILURE ? 'Low' : 'Informational',
    ...status,
    status_code: line.outcome,
    status_detail: line.reason,
    count: line.count,
    duration: line.duration_ms,
    metadata: {
      version: OCSF_VERSION,
      uid: line.id,
      event_code: line.action,
      log_name: 'audit',
      original_time: line.at,
      correlation_uid: line.request_id,
      product: { name: 'Claviger', vendor_name: 'Claviger' },
    },
    actor: { user: userOf(line), app_name: 'claviger' },
    ...(isAuthentication ? { user: userOf(line), service: { name: 'claviger' } } : apiOf(line)),
    src_endpoint: line.client_ip === undefined ? { name: 'claviger' } : { ip: line.client_ip },
    unmapped: restOf(line),
  };
}

function activityOf(action: string): Activity {
  const verb = action.slice(action.indexOf('.') + 1);
  return CREATING.has(action) ? CREATE : (ACTIVITIES[verb] ?? OTHER);
}

const userOf = ({ actor, caller, key_id }: ExportedLine): Readonly<Record<string, unknown>> => ({
  name: caller ?? actor,
  type_id: actor === 'caller' ? 1 : actor === 'system' ? 3 : 0,
  type: actor === 'caller' ? 'User' : actor === 'system' ? 'System' : 'Unknown',
  credential_uid: key_id,
});

const apiOf = ({ action, provider, connection, request_id, upstream_status }: ExportedLine) => ({
  api: {
    operation: action,
    service: { name: 'claviger' },
    request: request_id === undefined ? undefined : { uid: request_id },
    response: upstream_status === undefined ? undefined : { code: upstream_status },
  },
  resources:
    provider === undefined
      ? undefined
      : [
          connection === undefined
            ? { type: 'provider', uid: provider, name: provider }
            : { type: 'connection', uid: `${provider}/${connection}`, name: connection },
        ],
});
