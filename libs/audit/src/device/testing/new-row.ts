import { type AuditRow, toRow } from '../../writing/row.js';

/** A row with this request id. */
export const newRow = (requestId: string): AuditRow =>
  toRow({
    action: 'token.issued',
    outcome: 'ok',
    actor: { type: 'caller', caller: 'billing', keyId: 'k1' },
    provider: 'klavi',
    connection: 'acme',
    requestId,
  });
