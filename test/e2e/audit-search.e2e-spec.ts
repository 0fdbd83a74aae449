import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditEvents, auditPage, type AuditLine } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, pathOf } from '../support/connect.js';

let broker: TestBroker;
let auditor: string;
let reader: string;
let whole: AuditLine[];

const idsOf = (events: readonly AuditLine[]): string[] => events.map(({ id }) => id);

beforeAll(async () => {
  broker = await startBroker();
  auditor = await broker.keyFor([], ['auditor']);
  await broker
    .as()
    .put('/admin/callers/reader')
    .send({ rules: ['*/*'] });
  reader = (await broker.as().post('/admin/callers/reader/keys').send({})).body.key;
  for (const connection of ['one', 'two']) {
    await broker
      .as()
      .put(pathOf('onmeta', connection))
      .send({
        settings: { base_url: 'http://127.0.0.1:1' },
        credential: { api_key: 'k', refresh_token: 'r' },
        token: broughtToken('t', 86_400),
      });
  }
  for (let round = 0; round < 4; round += 1) {
    await Promise.all(
      ['one', 'two', 'never'].map((connection) =>
        broker
          .as(reader)
          .get(`/providers/onmeta/token?connection=${connection}`)
          .set('x-request-id', `${connection}-${round}`),
      ),
    );
  }
  whole = await auditEvents(broker);
});

afterAll(() => broker?.stop());

describe('GET /audit/events', () => {
  it('should list newest first', () => {
    const times = whole.map(({ at }) => Date.parse(at));

    expect(whole.length).toBeGreaterThan(12);
    expect(times).toEqual(times.toSorted((one, other) => other - one));
  });

  it.each([
    ['action=token.refused', ({ action }: AuditLine) => action === 'token.refused'],
    ['outcome=refused', ({ outcome }: AuditLine) => outcome === 'refused'],
    ['caller=reader', ({ actor }: AuditLine) => actor.caller === 'reader'],
    ['provider=onmeta', ({ provider }: AuditLine) => provider === 'onmeta'],
    ['connection=one', ({ connection }: AuditLine) => connection === 'one'],
    ['request_id=two-3', ({ request_id: id }: AuditLine) => id === 'two-3'],
    [
      'caller=reader&connection=two&action=token.issued',
      ({ actor, connection, action }: AuditLine) =>
        actor.caller === 'reader' && connection === 'two' && action === 'token.issued',
    ],
  ])('should filter by %s', async (query, wanted) => {
    const expected = whole.filter(wanted);

    expect(expected.length).toBeGreaterThan(0);
    expect(idsOf(await auditEvents(broker, query))).toEqual(idsOf(expected));
  });

  it('should filter by time: from is part of it, to is not', async () => {
    const middle = whole[Math.floor(whole.length / 2)]?.at ?? '';
    const since = await auditEvents(broker, `from=${middle}`);
    const before = await auditEvents(broker, `to=${middle}`);
    const between = await auditEvents(broker, `from=${middle}&to=${middle}`);

    expect(idsOf(since)).toEqual(idsOf(whole.filter(({ at }) => at >= middle)));
    expect(idsOf(before)).toEqual(idsOf(whole.filter(({ at }) => at < middle)));
    expect(between).toEqual([]);
  });

  it('should take a time in any zone', async () => {
    const middle = whole[5]?.at ?? '';
    const elsewhere = `${new Date(Date.parse(middle) + 7_200_000).toISOString().slice(0, -1)}%2B02:00`;

    expect(idsOf(await auditEvents(broker, `from=${elsewhere}`))).toEqual(
      idsOf(await auditEvents(broker, `from=${middle}`)),
    );
  });

  it('should answer an empty list where nothing meets the query', async () => {
    expect(await auditPage(broker, '?caller=nobody-of-this-name')).toEqual({ items: [], next_cursor: null });
  });

  it('should page by a cursor that stays stable while events are added', async () => {
    const first = await auditPage(broker, '?limit=5');
    await broker.as(reader).get('/providers/onmeta/token?connection=one');
    const rest = await auditPage(broker, `?limit=1000&cursor=${first.next_cursor}`);
    const seen = [...idsOf(first.items), ...idsOf(rest.items)];

    expect(first.items).toHaveLength(5);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(idsOf(whole));
    whole = await auditEvents(broker);
  });

  it.each([1, 7, 1000])('should give every event once, %d at a time, also within a filter', async (limit) => {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await auditPage(broker, `?provider=onmeta&limit=${limit}${query}`);
      expect(page.items.length).toBeLessThanOrEqual(limit);
      seen.push(...idsOf(page.items));
      cursor = page.next_cursor;
    }

    expect(seen).toEqual(idsOf(whole.filter(({ provider }) => provider === 'onmeta')));
  });

  it.each([
    ['from=yesterday', 'from'],
    ['from=2026-11-21', 'from'],
    ['to=1700000000', 'to'],
    ['to=2026-13-01T00:00:00Z', 'to'],
    ['from=2026-11-21T10:00:00Z&from=2026-11-21T10:00:00Z', 'from'],
    ['action=token.stolen', 'action'],
    ['action=', 'action'],
    ['outcome=great', 'outcome'],
    ['caller=NO', 'caller'],
    ['provider=a/b', 'provider'],
    [`connection=${'c'.repeat(64)}`, 'connection'],
    ['request_id=', 'request_id'],
    ['request_id=%00', 'request_id'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=1e3', 'limit'],
    ['cursor=nonsense', 'cursor'],
    ['cursor=MS4xLjE%3D', 'cursor'],
    ['key_id=x', 'key_id'],
  ])('should refuse ?%s by name', async (query, field) => {
    const { status, body } = await broker.as().get(`/audit/events?${query}`);

    expect(status).toBe(400);
    expect(body.errors[0]).toEqual({ field, message: expect.any(String) });
  });

  it('should be for auditors and administrators, and nobody else', async () => {
    const plain = await broker.keyFor(['*/*']);

    expect((await broker.as(auditor).get('/audit/events')).status).toBe(200);
    expect((await broker.as().get('/audit/events')).status).toBe(200);
    expect((await broker.as(plain).get('/audit/events')).body).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await fetch(`${broker.url}/audit/events`)).status).toBe(401);
  });
});
