import type { ChangedConnection, Touched } from '@app/connections';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { newConnection, NOW } from './testing/new-connection.js';
import { TokenCache } from './token.cache.js';

const acme = { provider: 'klavi', connection: 'acme' };
const globex = { provider: 'klavi', connection: 'globex' };
const settled = () => new Promise((resolve) => void setImmediate(resolve));
const numbered = (index: number) => ({ provider: 'klavi', connection: `c${index}` });

describe(TokenCache.name, () => {
  let isCurrent: boolean;
  let change: (touched: () => Promise<Touched>) => void;
  let changed: (changed: readonly ChangedConnection[] | undefined) => void;
  let wants: (() => boolean) | undefined;
  let sut: TokenCache;

  beforeEach(() => {
    isCurrent = true;
    sut = new TokenCache(
      {
        onChange: (listener) => void (change = listener),
        onRenewed: (listener, wanted) => {
          changed = listener;
          wants = wanted;
        },
        isCurrent: () => isCurrent,
      },
      { tokenCacheMb: 1 },
    );
  });

  const put = (...connections: readonly ReturnType<typeof newConnection>[]) =>
    connections.forEach((connection) => sut.put(connection, sut.epoch));

  it('should give what it was given', () => {
    const connection = newConnection();
    put(connection);
    expect(sut.find(acme)).toBe(connection);
  });

  it('should know nothing of other names', () => {
    put(newConnection());
    expect(sut.find(globex)).toBeUndefined();
    expect(sut.find({ provider: 'berbix', connection: 'acme' })).toBeUndefined();
  });

  it('should give nothing while changes might be missed, and not forget meanwhile', () => {
    put(newConnection());
    isCurrent = false;
    expect(sut.find(acme)).toBeUndefined();
    isCurrent = true;
    expect(sut.find(acme)).toBeDefined();
  });

  it('should hold a newer generation, and the same one read anew', () => {
    const again = newConnection({ generation: 8, state: 'uncertain' });
    put(newConnection(), newConnection({ generation: 8 }), again);
    expect(sut.find(acme)).toBe(again);
  });

  it('should not replace a generation by an older one that was read earlier and arrives later', () => {
    put(newConnection({ generation: 8 }), newConnection({ generation: 7 }));
    expect(sut.find(acme)?.generation).toBe(8);
  });

  it('should want to hear of changes while it holds something', () => {
    expect(wants?.()).toBe(false);
    put(newConnection());
    expect(wants?.()).toBe(true);
  });

  it('should forget the connection that an administrative change touched, and no other', async () => {
    put(newConnection(), newConnection(globex));
    change(async () => [acme]);
    await settled();
    expect(sut.find(acme)).toBeUndefined();
    expect(sut.find(globex)).toBeDefined();
  });

  it.each([
    ['may have touched any connection', async () => undefined],
    ['cannot be read', () => Promise.reject(new Error('the database is away'))],
  ])('should forget everything at an administrative change that %s', async (_what, touched) => {
    put(newConnection(), newConnection(globex));
    change(touched);
    await settled();
    expect(sut.find(acme)).toBeUndefined();
    expect(sut.find(globex)).toBeUndefined();
  });

  it('should give nothing until it is known what each of several changes touched', async () => {
    const told: ((touched: Touched) => void)[] = [];
    put(newConnection(), newConnection(globex));
    [0, 1].forEach(() => change(() => new Promise((resolve) => void told.push(resolve))));
    expect(sut.find(globex)).toBeUndefined();
    told[1]?.([]);
    await settled();
    expect(sut.find(globex)).toBeUndefined();
    told[0]?.([acme]);
    await settled();
    expect([sut.find(globex) === undefined, sut.find(acme) === undefined]).toEqual([false, true]);
  });

  it('should not ask what was touched while it holds nothing', () => {
    let asked = 0;
    change(async () => {
      asked += 1;
      return [];
    });
    expect(asked).toBe(0);
    put(newConnection());
    expect(sut.find(acme)).toBeDefined();
  });

  it('should not hold what was read before an administrative change and arrives after it', () => {
    const { epoch } = sut;
    change(async () => []);
    sut.put(newConnection(), epoch);
    expect(sut.find(acme)).toBeUndefined();
    put(newConnection({ generation: 1 }));
    expect(sut.find(acme)?.generation).toBe(1);
  });

  it('should forget the one connection that another replica renewed', () => {
    put(newConnection(), newConnection(globex));
    changed([{ ...acme, changedAt: NOW }]);
    expect(sut.find(acme)).toBeUndefined();
    expect(sut.find(globex)).toBeDefined();
  });

  it('should keep a connection that it holds as it last changed', () => {
    put(newConnection({ changedAt: NOW }));
    changed([{ ...acme, changedAt: NOW }]);
    expect(sut.find(acme)).toBeDefined();
  });

  it('should forget everything where too much changed to tell', () => {
    const { epoch } = sut;
    put(newConnection(), newConnection(globex));
    changed(undefined);
    sut.put(newConnection(), epoch);
    expect(sut.find(acme)).toBeUndefined();
    expect(sut.find(globex)).toBeUndefined();
  });

  it('should hold no more than its memory, and forget first what was not asked for the longest', () => {
    const heldBytes = 2 ** 18;
    put(...[0, 1, 2, 3].map((index) => newConnection({ ...numbered(index), heldBytes })));
    expect(sut.find(numbered(0))).toBeDefined();
    put(newConnection({ ...numbered(4), heldBytes }));
    expect([0, 1, 2, 3, 4].filter((index) => sut.find(numbered(index)) === undefined)).toEqual([1]);
  });

  it('should not hold what is larger than all its memory', () => {
    put(newConnection({ heldBytes: 2 ** 20 + 1 }), newConnection(globex));
    expect(sut.find(acme)).toBeUndefined();
    expect(sut.find(globex)).toBeDefined();
  });
});
