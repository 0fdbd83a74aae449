import { describe, expect, it } from '@jest/globals';
import {
  CONFIRMED,
  type ConnectionChange,
  isConfirmedWith,
  markConnection,
  markProvider,
  type Standing,
} from './hosts.js';

const GOOD = 'https://api.vendor.example';
const EVIL = 'https://evil.example';
const OTHER = 'https://eu.vendor.example';

const standing = (overrides: Partial<Standing> = {}): Standing => ({
  hosts: [GOOD],
  own: ['refresh_token'],
  shared: [],
  ...overrides,
});

const unconfirmed = (overrides: Partial<ConnectionChange> = {}): readonly string[] =>
  markConnection({
    before: standing(),
    mark: CONFIRMED,
    after: standing(),
    provider: { hosts: [GOOD], mark: CONFIRMED },
    brought: { own: false, shared: [] },
    ...overrides,
  }).unconfirmed;

const evil = standing({ hosts: [EVIL] });
const sharing = standing({ shared: ['api_key'] });
const marked = { confirmed: [GOOD], unconfirmed: [EVIL] };

describe(markConnection.name, () => {
  it('should mark nothing where everything goes where it went, or to fewer hosts', () => {
    expect(unconfirmed()).toEqual([]);
    expect(unconfirmed({ before: standing({ hosts: [GOOD, OTHER] }) })).toEqual([]);
  });

  it('should mark another host that held secrets would go to, and name only what is new', () => {
    expect(unconfirmed({ after: evil })).toEqual([EVIL]);
    expect(unconfirmed({ after: standing({ hosts: [GOOD, EVIL] }) })).toEqual([EVIL]);
  });

  it('should mark no host where nothing is held', () => {
    const nothing = { own: [], shared: [] };
    expect(unconfirmed({ before: standing(nothing), after: standing({ ...nothing, hosts: [EVIL] }) })).toEqual([]);
  });

  it('should mark no host that the credential was brought along with', () => {
    const brought = { own: true, shared: [] };
    expect(unconfirmed({ after: evil, brought })).toEqual([]);
    expect(unconfirmed({ before: undefined, after: evil, brought })).toEqual([]);
  });

  it('should mark a host that the provider was moved to, whatever credential is brought to it', () => {
    const provider = { hosts: [EVIL], mark: marked };
    expect(unconfirmed({ before: undefined, after: evil, provider, brought: { own: true, shared: [] } })).toEqual([
      EVIL,
    ]);
  });

  it('should mark a host of its own that shared secrets would go to, also of a new connection', () => {
    const after = { ...sharing, hosts: [EVIL] };
    const brought = { own: true, shared: [] };
    expect(unconfirmed({ before: undefined, after, brought })).toEqual([EVIL]);
    expect(unconfirmed({ before: sharing, after, brought })).toEqual([EVIL]);
    expect(unconfirmed({ before: undefined, after: sharing, brought })).toEqual([]);
  });

  it('should mark no host below the domain that the provider’s settings name', () => {
    const provider = { hosts: ['https://*.shops.example'], mark: CONFIRMED };
    const at = (host: string) =>
      unconfirmed({
        before: undefined,
        after: { ...sharing, hosts: [host] },
        provider,
        brought: { own: true, shared: [] },
      });
    expect(at('https://acme.shops.example')).toEqual([]);
    expect(at('https://acme-shops.example')).toEqual(['https://acme-shops.example']);
    expect(at('http://acme.shops.example')).toEqual(['http://acme.shops.example']);
    expect(at('https://acme.shops.example:8443')).toEqual(['https://acme.shops.example:8443']);
  });

  it('should mark a confirmed host of its own for a secret that its provider shares only now', () => {
    const own = { hosts: [EVIL], own: ['refresh_token'] };
    const before = { ...own, shared: [] };
    const mark = markConnection({
      before,
      mark: CONFIRMED,
      after: { ...own, shared: ['api_key'] },
      provider: { hosts: [GOOD], mark: CONFIRMED },
      brought: { own: false, shared: [] },
    });
    expect(mark).toEqual({ confirmed: [], unconfirmed: [EVIL] });
    const settled = standing({ ...own, shared: ['api_key'] });
    expect(unconfirmed({ before: settled, mark, after: settled })).toEqual([EVIL]);
  });

  it('should mark none for shared secrets that were brought along with the host', () => {
    const before = standing({ own: [], shared: ['client_secret'] });
    const after = { ...before, hosts: [EVIL] };
    const provider = { hosts: [EVIL], mark: marked };
    expect(unconfirmed({ before, after, provider, brought: { own: false, shared: ['client_secret'] } })).toEqual([]);
    expect(unconfirmed({ before, after, provider, brought: { own: false, shared: ['other'] } })).toEqual([EVIL]);
  });

  it('should remember what was confirmed however often it is changed, and forget the mark where it goes back', () => {
    expect(unconfirmed({ before: evil, mark: marked, after: standing({ hosts: [OTHER] }) })).toEqual([OTHER]);
    expect(unconfirmed({ before: evil, mark: marked, after: evil })).toEqual([EVIL]);
    expect(unconfirmed({ before: evil, mark: marked, after: standing() })).toEqual([]);
  });
});

describe(markProvider.name, () => {
  const change = { before: [GOOD], mark: CONFIRMED, after: [EVIL], keeps: true };

  it('should mark another host where secrets or connections are kept, and only there', () => {
    expect(markProvider(change)).toEqual(marked);
    expect(markProvider({ ...change, keeps: false })).toEqual(CONFIRMED);
    expect(markProvider({ ...change, after: [GOOD] })).toEqual(CONFIRMED);
  });

  it('should hold to what was confirmed last until it is confirmed or goes back', () => {
    const again = { ...change, before: [EVIL], mark: marked };
    expect(markProvider(again)).toEqual(marked);
    expect(markProvider({ ...again, after: [GOOD] })).toEqual(CONFIRMED);
  });
});

describe(isConfirmedWith.name, () => {
  it('should cover only connections that go nowhere else than the provider’s settings say', () => {
    expect(isConfirmedWith(marked, [EVIL])).toBe(true);
    expect(isConfirmedWith({ confirmed: [], unconfirmed: [EVIL, OTHER] }, [OTHER])).toBe(false);
    expect(
      isConfirmedWith({ confirmed: [], unconfirmed: ['https://a.shops.example'] }, ['https://*.shops.example']),
    ).toBe(true);
  });
});
