import { describe, expect, it } from '@jest/globals';
import { AUDIT_ACTIONS } from '../event.js';
import { toEcs } from './ecs.js';
import type { ExportedLine } from './exported-line.js';
import { toOcsf } from './ocsf.js';

const issued: ExportedLine = {
  id: '7-1042',
  at: '2026-11-29T10:00:00.123Z',
  action: 'token.issued',
  outcome: 'ok',
  actor: 'caller',
  caller: 'billing',
  key_id: 'k1',
  provider: 'klavi',
  connection: 'acme',
  generation: 41,
  request_id: 'r1',
  client_ip: '192.0.2.1',
  reason: 'cache',
  token_fingerprint: 'abc',
  hash: 'ff',
};
const failedLogon: ExportedLine = {
  id: '7-1043',
  at: '2026-11-29T10:00:01.000Z',
  action: 'authentication.failed',
  outcome: 'refused',
  actor: 'anonymous',
  client_ip: '192.0.2.9',
  count: 120,
};
const refreshFailed: ExportedLine = {
  id: '8-1',
  at: '2026-11-29T10:00:02.000Z',
  action: 'refresh.failed',
  outcome: 'rejected',
  actor: 'system',
  provider: 'klavi',
  connection: 'acme',
  upstream_status: 401,
  reason: 'unauthorized',
  duration_ms: 12,
};

describe(toOcsf.name, () => {
  it('should be API Activity for a token, with who, what and where from', () => {
    expect(toOcsf(issued)).toMatchObject({
      class_uid: 6003,
      category_uid: 6,
      activity_id: 2,
      type_uid: 600_302,
      time: Date.parse(issued.at),
      status_id: 1,
      status_detail: 'cache',
      metadata: { uid: '7-1042', event_code: 'token.issued', correlation_uid: 'r1' },
      actor: { user: { name: 'billing', credential_uid: 'k1', type_id: 1 } },
      api: { operation: 'token.issued', request: { uid: 'r1' } },
      src_endpoint: { ip: '192.0.2.1' },
      resources: [{ type: 'connection', uid: 'klavi/acme' }],
      unmapped: { generation: 41, token_fingerprint: 'abc', hash: 'ff' },
    });
  });

  it('should be Authentication for a failed one, with its count', () => {
    expect(toOcsf(failedLogon)).toMatchObject({
      class_uid: 3002,
      category_uid: 3,
      activity_id: 1,
      type_uid: 300_201,
      status_id: 2,
      count: 120,
      user: { name: 'anonymous' },
      src_endpoint: { ip: '192.0.2.9' },
    });
  });

  it('should carry what the provider answered', () => {
    expect(toOcsf(refreshFailed)).toMatchObject({
      status_id: 2,
      status_code: 'rejected',
      status_detail: 'unauthorized',
      duration: 12,
      api: { response: { code: 401 } },
      actor: { user: { name: 'system', type_id: 3 } },
      src_endpoint: { name: 'claviger' },
    });
  });

  it.each(AUDIT_ACTIONS)('should have a class and a type for %s', (action) => {
    const { class_uid, activity_id, type_uid } = toOcsf({ ...issued, action });
    expect(type_uid).toBe((class_uid as number) * 100 + (activity_id as number));
  });

  it('should count the making of a key as a creation, not as a reading', () => {
    expect(toOcsf({ ...issued, action: 'key.issued' })).toMatchObject({ activity_id: 1 });
  });
});

describe(toEcs.name, () => {
  it('should have everything in its place', () => {
    expect(toEcs(issued)).toMatchObject({
      '@timestamp': issued.at,
      event: { id: '7-1042', action: 'token.issued', outcome: 'success', category: ['iam'], type: ['access'] },
      user: { name: 'billing' },
      source: { ip: '192.0.2.1' },
      http: { request: { id: 'r1' } },
      claviger: { provider: 'klavi', connection: 'acme', key_id: 'k1', generation: 41 },
    });
  });

  it('should tell time in nanoseconds, and a refusal as a failure', () => {
    expect(toEcs(refreshFailed)).toMatchObject({
      event: { duration: 12_000_000, outcome: 'failure', reason: 'unauthorized', type: ['error'] },
      claviger: { upstream_status: 401, outcome: 'rejected' },
    });
  });
});
