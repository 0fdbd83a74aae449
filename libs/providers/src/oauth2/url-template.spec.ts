import { describe, expect, it } from '@jest/globals';
import { fillTemplate, parametersOf, requireUrl } from './url-template.js';

describe(parametersOf.name, () => {
  it('should name what a template asks for', () => {
    expect(parametersOf('https://{shop}.example/{tenant}/t?r={region_1}')).toEqual(['shop', 'tenant', 'region_1']);
    expect(parametersOf('https://a.example/t')).toEqual([]);
  });
});

describe(fillTemplate.name, () => {
  it('should put the parameters in their places and leave the rest to the letter', () => {
    expect(fillTemplate('https://{shop}.example/{tenant}/{tenant}/?refresh', { shop: 'acme', tenant: 'common' })).toBe(
      'https://acme.example/common/common/?refresh',
    );
  });

  it('should not fill what a value seems to ask for', () => {
    expect(fillTemplate('https://a.example/{a}', { a: '$&' })).toBe('https://a.example/$&');
  });

  it.each([
    ['a parameter is missing', 'https://{shop}.example/t', {}],
    ['a parameter is only inherited', 'https://{constructor}.example/t', {}],
    ['the port is none', 'https://a.example:{port}/t', { port: 'x' }],
    ['the scheme is another', 'ftp://a.example/t', {}],
    ['a value escapes as a user', 'https://{a}.example/t', { a: 'x:y@evil' }],
    ['a value escapes as a fragment', 'https://a.example/{a}', { a: 'x#y' }],
    ['no host is left', 'https://', {}],
  ])('should make no URL where %s', (_what, template, values) => {
    expect(fillTemplate(template, values)).toBeUndefined();
  });
});

describe(requireUrl.name, () => {
  it('should say which setting to correct', () => {
    expect(() => requireUrl('introspection_url', undefined, {})).toThrow(
      expect.objectContaining({
        code: 'connection_misconfigured',
        message: expect.stringContaining('"introspection_url"'),
      }),
    );
  });
});
