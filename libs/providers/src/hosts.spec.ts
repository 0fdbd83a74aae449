import { describe, expect, it } from '@jest/globals';
import { BerbixProvider } from './berbix/berbix.provider.js';
import { hostsOf, hostWithAny, isAmong } from './hosts.js';
import { KlaviProvider } from './klavi/klavi.provider.js';
import { KlearstackProvider } from './klearstack/klearstack.provider.js';
import { MonetateProvider } from './monetate/monetate.provider.js';
import { OAuth2Provider } from './oauth2/oauth2.provider.js';
import { loadPresets } from './oauth2/presets.js';
import { OnmetaProvider } from './onmeta/onmeta.provider.js';

const EVIL = 'https://Evil.example:443/v1';

describe(hostsOf.name, () => {
  it('should be scheme, host and port, each once', () => {
    expect(hostsOf(['https://A.example:443/x', 'https://a.example/y?z', 'http://a.example:8080', undefined])).toEqual([
      'https://a.example',
      'http://a.example:8080',
    ]);
    expect(hostsOf(['nonsense', 'data:text/plain,x'])).toEqual([]);
  });
});

describe(hostWithAny.name, () => {
  it('should stand for the hosts below a domain, where the domain is told', () => {
    expect(hostWithAny('https://ANY.shops.example/t', 'any')).toBe('https://*.shops.example');
    expect(hostWithAny('https://eu-any.x.shops.example:8443/t', 'any')).toBe('https://*.x.shops.example:8443');
    expect(hostWithAny('https://a.any.b.shops.example/t', 'any')).toBe('https://*.b.shops.example');
    expect(hostWithAny('https://shops.example/any', 'any')).toBe('https://shops.example');
  });

  it.each(['https://any/t', 'https://any.com/t', 'https://shops.any/t', 'https://shops.example:any/t'])(
    'should be none where %s says too little',
    (url) => {
      expect(hostWithAny(url, 'any')).toBeUndefined();
    },
  );
});

describe(isAmong.name, () => {
  it.each([
    ['https://a.example', true],
    ['http://a.example', false],
    ['https://a.example:8443', false],
    ['https://b.a.example', false],
    ['https://one.shops.example', true],
    ['https://two.one.shops.example', true],
    ['https://shops.example', false],
    ['https://evil-shops.example', false],
    ['https://one.shops.example.evil.example', false],
  ])('should tell of %s: %s', (host, expected) => {
    expect(isAmong(host, ['https://a.example', 'https://*.shops.example'])).toBe(expected);
  });
});

describe('the hosts of a type', () => {
  it.each([
    [new BerbixProvider(), {}, ['https://api.berbix.com']],
    [new KlaviProvider(), { environment: 'sandbox' }, ['https://api-sandbox.klavi.ai']],
    [new MonetateProvider(), {}, ['https://api.monetate.net']],
    [new OnmetaProvider(), {}, ['https://api.platform.onmeta.in']],
    [new OnmetaProvider(), { environment: 'staging' }, ['https://stg.api.onmeta.in']],
    [new KlearstackProvider(), {}, []],
  ] as const)('should be its own where nothing else is set: $type', (sut, settings, expected) => {
    expect(sut.hosts(settings)).toEqual(expected);
    expect(sut.hosts({ ...settings, base_url: EVIL })).toEqual(['https://evil.example']);
  });

  it('should be those of every URL of oauth2, with its parameters and its preset', () => {
    const sut = new OAuth2Provider(loadPresets());
    const token_url = 'https://{shop}.shops.example/{tenant}/token';
    expect(sut.hosts({ token_url })).toEqual(['https://*.shops.example']);
    expect(sut.hosts({ token_url, url_parameters: { shop: 'acme' } })).toEqual(['https://acme.shops.example']);
    expect(sut.hosts({ token_url: 'https://a.example/t', introspection_url: 'https://b.example/i' })).toEqual([
      'https://a.example',
      'https://b.example',
    ]);
    expect(sut.hosts({ token_url: 'https://{host}/token' })).toEqual([]);
    expect(sut.hosts({ token_url: 'https://{host}/token', url_parameters: { host: 'evil.example' } })).toEqual([
      'https://evil.example',
    ]);
    expect(sut.hosts({})).toEqual([]);
    expect(sut.hosts({ preset: 'shopify' })).toEqual(['https://*.myshopify.com']);
    expect(sut.hosts({ preset: 'slack', token_url: EVIL })).toEqual(['https://evil.example']);
  });

  it('should not be hidden by a host that looks like a parameter that is not set', () => {
    const sut = new OAuth2Provider(new Map());
    expect(sut.hosts({ token_url: 'https://claviger-any-host.com/{x}', url_parameters: { x: 'y' } })).toEqual([
      'https://claviger-any-host.com',
    ]);
  });
});
