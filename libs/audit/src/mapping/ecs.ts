import { type ExportedLine, restOf } from './exported-line.js';

const ECS_VERSION = '8.17.0';
const NANOSECONDS = 1_000_000;

const OUTCOMES: Readonly<Record<string, string>> = { ok: 'success', started: 'unknown', unknown: 'unknown' };

/** First word of an action → `event.category`. */
const CATEGORIES: Readonly<Record<string, string>> = {
  authentication: 'authentication',
  authorization: 'iam',
  caller: 'iam',
  key: 'iam',
  token: 'iam',
  refresh: 'api',
  provider: 'configuration',
  connection: 'configuration',
  replica: 'process',
  database: 'database',
  audit: 'database',
};

/** Its verb → `event.type`. */
const TYPES: Readonly<Record<string, string>> = {
  created: 'creation',
  deleted: 'deletion',
  revoked: 'deletion',
  updated: 'change',
  replaced: 'change',
  paused: 'change',
  resumed: 'change',
  hosts_confirmed: 'change',
  started: 'start',
  stopped: 'end',
  failed: 'error',
  refused: 'denied',
  issued: 'access',
  exported: 'access',
};

/**
 * The event in the words of the Elastic Common Schema (https://www.elastic.co/docs/reference/ecs). What that has no place for
 * stands under `claviger`.
 */
export function toEcs(line: ExportedLine): Readonly<Record<string, unknown>> {
  const [subject = '', verb = ''] = line.action.split('.');
  return {
    '@timestamp': line.at,
    ecs: { version: ECS_VERSION },
    event: {
      id: line.id,
      kind: 'event',
      module: 'claviger',
      dataset: 'claviger.audit',
      action: line.action,
      category: [CATEGORIES[subject] ?? 'configuration'],
      type: [TYPES[verb] ?? 'info'],
      outcome: OUTCOMES[line.outcome] ?? 'failure',
      reason: line.reason,
      duration: line.duration_ms === undefined ? undefined : line.duration_ms * NANOSECONDS,
    },
    user: line.caller === undefined ? undefined : { name: line.caller },
    source: line.client_ip === undefined ? undefined : { ip: line.client_ip },
    http: line.request_id === undefined ? undefined : { request: { id: line.request_id } },
    service: { name: 'claviger', type: 'claviger' },
    claviger: { actor: line.actor, key_id: line.key_id, outcome: line.outcome, count: line.count, ...restOf(line) },
  };
}
