import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FORMATS, followOnce } from '../../apps/cli/src/audit-follow.run.js';
import { auditEvents } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { callerWith, putCaller } from '../support/callers.js';

const BEGINNING = { at: 0, streams: {} };

let broker: TestBroker;
let apiKey: string;

beforeAll(async () => {
  broker = await startBroker();
  ({ key: apiKey } = await callerWith(broker, 'siem', { roles: ['auditor'] }));
});

afterAll(() => broker.stop());

/** What is new since `state`, as ids, and the state after it. */
async function follow(state = BEGINNING as Parameters<typeof followOnce>[1], format: keyof typeof FORMATS = 'ndjson') {
  const lines: string[] = [];
  const input = { url: broker.url, apiKey, format, overlapMs: 900_000 };
  const next = await followOnce(input, state, (text) => Promise.resolve(void lines.push(text)));
  return { next, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('a collector that follows the log', () => {
  it('should get every event once, oldest first, however far each look begins before the last one', async () => {
    const first = await follow();
    await putCaller(broker, 'later', { rules: ['klavi/*'] });
    const second = await follow(first.next);
    expect(second.lines.map(({ action }) => action)).toEqual(['caller.created', 'audit.exported']);
    const known = (await auditEvents(broker)).map(({ id }) => id).toReversed();
    expect([...first.lines, ...second.lines].map(({ id }) => id)).toEqual(known);
  });

  it.each([
    ['ocsf', { class_uid: 6003, metadata: { uid: expect.any(String) } }],
    ['ecs', { event: { dataset: 'claviger.audit' } }],
  ] as const)('should get them in the words of %s where wanted', async (format, shape) => {
    const { lines } = await follow(BEGINNING, format);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines[0]).toMatchObject(shape);
  });

  it('should be told for good where its key is refused, so that it does not try on', async () => {
    const input = { url: broker.url, apiKey: 'nonsense', format: 'ndjson', overlapMs: 0 } as const;
    await expect(followOnce(input, BEGINNING, () => Promise.resolve())).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('401'),
    });
  });
});
