import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, pathOf } from '../support/connect.js';

interface Page {
  readonly items: readonly { readonly connection: string; readonly provider: string; readonly updated_at: string }[];
  readonly next_cursor: string | null;
}

/** In the order in which they are made; the last one stands first. */
const NAMES = ['acme-eu', 'acme-us', 'acme_us', 'acme.us', 'beta', 'beta-2', 'gamma'];

let broker: TestBroker;

/** Long-lived tokens, so that no refresh moves a connection in the list while it is looked at. */
const make = (provider: string, connection: string) =>
  broker
    .as()
    .put(pathOf(provider, connection))
    .send({
      credential: provider === 'klavi' ? { access_token: 'x' } : { api_key: 'x', refresh_token: 'y' },
      settings: { base_url: 'http://127.0.0.1:1' },
      token: broughtToken(`${connection}-token`, 86_400),
    });

const list = async (query = ''): Promise<Page> => (await broker.as().get(`/admin/connections${query}`)).body;
const namesOf = ({ items }: Page): string[] => items.map(({ connection }) => connection);

beforeAll(async () => {
  broker = await startBroker();
  for (const name of NAMES) {
    await make('onmeta', name);
  }
  await make('klavi', 'acme-eu');
});

afterAll(() => broker?.stop());

describe('GET /admin/connections', () => {
  it('should list newest change first, each as GET shows it', async () => {
    const page = await list();

    expect(namesOf(page)).toEqual(['acme-eu', ...NAMES.toReversed()]);
    expect(page.next_cursor).toBeNull();
    expect(page.items[0]).toEqual((await broker.as().get(pathOf('klavi', 'acme-eu'))).body);
    const times = page.items.map((item) => Date.parse(item.updated_at));
    expect(times).toEqual(times.toSorted((one, other) => other - one));
  });

  it('should filter by provider', async () => {
    expect(namesOf(await list('?provider=klavi'))).toEqual(['acme-eu']);
    expect(await list('?provider=nowhere')).toEqual({ items: [], next_cursor: null });
  });

  it('should filter by part of the name, in which no character is a wildcard', async () => {
    expect(namesOf(await list('?q=beta'))).toEqual(['beta-2', 'beta']);
    expect(namesOf(await list('?q=acme_'))).toEqual(['acme_us']);
    expect(namesOf(await list('?q=.us'))).toEqual(['acme.us']);
    expect(namesOf(await list('?q=%25'))).toEqual([]);
    expect(namesOf(await list('?q=%5C'))).toEqual([]);
    expect(namesOf(await list("?q=';--"))).toEqual([]);
  });

  it('should filter by state, and by everything at once', async () => {
    await broker.as().post(`${pathOf('onmeta', 'gamma')}/pause`);

    expect(namesOf(await list('?state=paused'))).toEqual(['gamma']);
    expect(namesOf(await list('?state=active&q=gamma'))).toEqual([]);
    expect(namesOf(await list('?state=active&provider=onmeta&q=acme-'))).toEqual(['acme-us', 'acme-eu']);
    expect(await list('?state=uncertain')).toEqual({ items: [], next_cursor: null });

    await broker.as().post(`${pathOf('onmeta', 'gamma')}/resume`);
  });

  it.each([1, 2, 3, 8, 1000])('should give every connection once, %d at a time', async (limit) => {
    const whole = namesOf(await list());
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Page = await list(`?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(page.items.length).toBeLessThanOrEqual(limit);
      seen.push(...namesOf(page));
      cursor = page.next_cursor;
    }

    expect(seen).toEqual(whole);
  });

  it('should neither repeat nor leave out what stays as it is, while others change', async () => {
    const first = await list('?provider=onmeta&limit=3');
    const [moved = ''] = namesOf(await list('?provider=onmeta&limit=1000')).slice(-1);
    await make('onmeta', moved);
    await make('onmeta', 'newcomer');
    const rest = await list(`?provider=onmeta&limit=1000&cursor=${first.next_cursor}`);
    const seen = [...namesOf(first), ...namesOf(rest)];

    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.toSorted()).toEqual(NAMES.filter((name) => name !== moved).toSorted());
    await broker.as().delete(pathOf('onmeta', 'newcomer'));
  });

  it('should page within a filter', async () => {
    const first = await list('?q=acme&limit=2');
    const rest = await list(`?q=acme&cursor=${first.next_cursor}`);
    const whole = await list('?q=acme');

    expect([...first.items, ...rest.items]).toEqual(whole.items);
    expect(rest.next_cursor).toBeNull();
  });

  it('should page through many that changed in the same millisecond', async () => {
    const whole = namesOf(await list());
    expect(whole.length).toBeGreaterThan(2);
    const { sql } = await import('../support/test-database.js');
    await sql("update connections set updated_at = '2026-01-01T00:00:00Z'");
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Page = await list(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...namesOf(page));
      cursor = page.next_cursor;
    }

    expect(seen.toSorted()).toEqual(whole.toSorted());
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['state=broken', 'state'],
    ['state=active&state=paused', 'state'],
    ['provider=NO', 'provider'],
    [`q=${'x'.repeat(64)}`, 'q'],
    ['q=a&q=b', 'q'],
    ['q=%00', 'q'],
    ['cursor=nonsense', 'cursor'],
    ['cursor=', 'cursor'],
    ['sort=name', 'sort'],
  ])('should refuse ?%s by name', async (query, field) => {
    const { status, body } = await broker.as().get(`/admin/connections?${query}`);

    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field, message: expect.any(String) }]);
  });

  it('should refuse a cursor that another list gave, and one that was made up', async () => {
    const { body } = await broker.as().get('/admin/providers?limit=1');
    const made = ['-'.repeat(36), '00000000-0000-0000-0000-00000000000'].map((id) =>
      Buffer.from(`1700000000000/${id}`).toString('base64url'),
    );

    for (const cursor of [body.next_cursor, ...made]) {
      const answer = await broker.as().get(`/admin/connections?cursor=${cursor}`);
      expect(answer.body).toMatchObject({ status: 400, errors: [{ field: 'cursor' }] });
    }
  });
});
