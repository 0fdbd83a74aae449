import { describe, expect, it } from '@jest/globals';
import { type CallerRecord, NO_FIELDS } from './caller-record.js';
import { explain } from './explanation.js';

const NOW = 1_800_000_000_000;
const name = { provider: 'klavi', connection: 'acme' };
const from = { now: NOW, clientIp: '10.20.0.1' };

const newRecord = (overrides: Partial<CallerRecord>): CallerRecord => ({
  ...NO_FIELDS,
  name: 'billing',
  version: 1,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...overrides,
});

const ended = { rule: 'klavi/*', expiresAt: new Date(NOW), networks: null };
const elsewhere = { rule: '*/acme', expiresAt: null, networks: ['192.0.2.0/24'] };
const here = { rule: 'klavi/acme', expiresAt: new Date(NOW + 1), networks: ['10.0.0.0/8'] };
const nothing = { rule: 'onmeta/*', expiresAt: new Date(NOW), networks: ['192.0.2.0/24'] };

describe('explain', () => {
  it('should name the first rule that allows it, and why each other one does not', () => {
    const rules = ['berbix/*', ended, elsewhere, nothing, here, 'klavi/*'];
    expect(explain(newRecord({ rules }), name, from)).toEqual({
      callerExpired: false,
      allowedBy: here,
      verdicts: [
        { rule: 'berbix/*', reasons: ['pattern'] },
        { rule: ended, reasons: ['expired'] },
        { rule: elsewhere, reasons: ['network'] },
        { rule: nothing, reasons: ['pattern', 'expired', 'network'] },
        { rule: here, reasons: [] },
        { rule: 'klavi/*', reasons: [] },
      ],
    });
  });

  it('should hold no rule with networks for allowing where no address is given', () => {
    const { allowedBy, verdicts } = explain(newRecord({ rules: [here] }), name, { now: NOW });
    expect([allowedBy, verdicts[0]?.reasons]).toEqual([undefined, ['network']]);
  });

  it('should allow nothing without a rule', () => {
    expect(explain(newRecord({}), name, from)).toEqual({ callerExpired: false, allowedBy: undefined, verdicts: [] });
  });

  it('should allow an expired caller nothing', () => {
    const expired = explain(newRecord({ rules: ['*/*'], expiresAt: new Date(NOW) }), name, from);
    expect(expired).toMatchObject({ callerExpired: true, allowedBy: undefined, verdicts: [{ reasons: [] }] });
  });
});
