import type { AuditEvent, Receipt } from '@app/audit';
import type { Log, LogFacts } from '@app/common';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { FailedAuthentications } from './failed-authentications.js';

const ignore = (): void => undefined;

describe('FailedAuthentications', () => {
  let now: number;
  let failing: boolean;
  let rows: AuditEvent[];
  let warnings: (LogFacts | undefined)[];
  let sut: FailedAuthentications;

  beforeEach(() => {
    now = 1_800_000_000_000;
    failing = false;
    rows = [];
    warnings = [];
    const appendAll = async (events: readonly AuditEvent[]): Promise<Receipt> => {
      if (failing) {
        throw new Error('audit down');
      }
      rows.push(...events);
      return { mark: undefined };
    };
    const log: Log = { error: ignore, info: ignore, debug: ignore, warn: (_line, facts) => void warnings.push(facts) };
    sut = new FailedAuthentications({ appendAll, append: (event) => appendAll([event]) }, { now: () => now }, log);
  });

  const fail = async (times: number, clientIp = '192.0.2.1'): Promise<void> => {
    for (let index = 0; index < times; index += 1) {
      await sut.record({ clientIp, requestId: `r-${index}`, reason: 'unknown_key' });
    }
  };

  const total = (): number => rows.reduce((sum, { count = 1 }) => sum + count, 0);

  it('should record the first five of a source one by one, with reason and request', async () => {
    await fail(5);
    expect(rows).toHaveLength(5);
    expect(rows[4]).toEqual({
      action: 'authentication.failed',
      outcome: 'refused',
      actor: { type: 'anonymous' },
      clientIp: '192.0.2.1',
      requestId: 'r-4',
      reason: 'unknown_key',
    });
  });

  it('should record the rest of a flood as one row a flush, with the exact count', async () => {
    await fail(1000);
    expect(rows).toHaveLength(5);
    await sut.flush();
    await sut.flush();
    expect(rows).toHaveLength(6);
    expect(rows[5]).toMatchObject({ clientIp: '192.0.2.1', count: 995 });
  });

  it('should count each source by itself', async () => {
    await fail(6, '192.0.2.1');
    await fail(7, '192.0.2.2');
    await sut.flush();
    expect(rows.slice(10)).toMatchObject([
      { clientIp: '192.0.2.1', count: 1 },
      { clientIp: '192.0.2.2', count: 2 },
    ]);
  });

  it('should record five one by one again in the next minute', async () => {
    await fail(6);
    now += 60_000;
    await fail(6);
    expect(rows).toHaveLength(10);
    await sut.flush();
    expect(total()).toBe(12);
  });

  it('should write few rows and keep exact counts whatever the number of sources', async () => {
    for (let source = 0; source < 5000; source += 1) {
      await fail(2, `2001:db8::${source}`);
    }
    await sut.flush();
    expect(rows.length).toBeLessThan(1000);
    expect(total()).toBe(10_000);
    expect(rows.filter(({ clientIp }) => clientIp === null)).toHaveLength(1);
  });

  it('should watch new sources once the minute of others is over', async () => {
    for (let source = 0; source < 256; source += 1) {
      await fail(1, `2001:db8::${source}`);
    }
    now += 60_000;
    await sut.flush();
    await fail(1, '192.0.2.9');
    expect(rows.at(-1)).toMatchObject({ clientIp: '192.0.2.9', requestId: 'r-0' });
  });

  it('should lose no count while the audit log is down, and reject nobody', async () => {
    failing = true;
    await fail(9);
    await sut.flush();
    expect(warnings).toEqual([expect.objectContaining({ count: 9 })]);
    failing = false;
    await sut.flush();
    expect(total()).toBe(9);
  });

  it('should write nothing where nothing failed', async () => {
    await sut.flush();
    expect(rows).toEqual([]);
  });
});
