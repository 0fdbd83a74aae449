import { describe, expect, it } from '@jest/globals';
import { createValidationPipe } from '../http/validation.pipe.js';
import { AuditQueryDto, toAuditQuery } from './audit-query.dto.js';

const read = (query: Readonly<Record<string, unknown>>): Promise<AuditQueryDto> =>
  createValidationPipe().transform(query, { type: 'query', metatype: AuditQueryDto });

describe(AuditQueryDto.name, () => {
  it('should ask for the newest hundred where nothing is said', async () => {
    expect(toAuditQuery(await read({}))).toMatchObject({ limit: 100 });
  });

  it('should take every condition', async () => {
    const query = {
      from: '2026-11-21T10:00:00Z',
      to: '2026-11-21T12:00:00.5+01:00',
      action: 'refresh.failed',
      outcome: 'misconfigured',
      caller: 'billing',
      provider: 'klearstack',
      connection: 'acme',
      request_id: 'a1b2:c3',
      limit: '1000',
      cursor: 'MS4yLjM',
    };
    expect(toAuditQuery(await read(query))).toEqual({
      from: Date.UTC(2026, 10, 21, 10),
      to: Date.UTC(2026, 10, 21, 11, 0, 0, 500),
      action: 'refresh.failed',
      outcome: 'misconfigured',
      caller: 'billing',
      provider: 'klearstack',
      connection: 'acme',
      requestId: 'a1b2:c3',
      limit: 1000,
      cursor: 'MS4yLjM',
    });
  });

  it.each<[string, unknown]>([
    ['from', 'yesterday'],
    ['from', ['2026-11-21T10:00:00Z', '2026-11-21T10:00:00Z']],
    ['to', '2026-02-30T00:00:00Z'],
    ['to', ''],
    ['action', 'token.stolen'],
    ['action', ['token.issued', 'token.refused']],
    ['outcome', 'OK'],
    ['caller', 'Billing'],
    ['caller', 'a\0'],
    ['provider', '../klavi'],
    ['connection', ''],
    ['connection', { a: '1' }],
    ['request_id', 'a\0b'],
    ['request_id', ''],
    ['limit', '0'],
    ['limit', '1001'],
    ['limit', '1e2'],
    ['cursor', ['a', 'b']],
    ['q', 'anything'],
  ])('should refuse %s = %j by name', async (field, value) => {
    await expect(read({ [field]: value })).rejects.toMatchObject({
      code: 'invalid_request',
      facts: { errors: [{ field, message: expect.stringMatching(/^\w/) }] },
    });
  });
});
