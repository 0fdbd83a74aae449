import { describe, expect, it } from '@jest/globals';
import { revealAll, toSecrets } from '@app/common';
import { configuredOf, mergeLevels, mergeSettings } from './effective.js';

describe(mergeLevels.name, () => {
  it('should let the connection win, field by field', () => {
    const merged = mergeLevels(
      { settings: { a: 1, b: 1 }, secrets: toSecrets({ s: 'provider', t: 'provider' }) },
      { settings: { b: 2 }, secrets: toSecrets({ t: 'connection' }) },
    );

    expect(merged.settings).toEqual({ a: 1, b: 2 });
    expect(revealAll(merged.secrets)).toEqual({ s: 'provider', t: 'connection' });
  });
});

describe(mergeSettings.name, () => {
  it('should merge objects name by name, one level deep', () => {
    const below = { url_parameters: { region: 'eu', shop: 'a' }, nested: { x: { y: 1 } } };

    expect(mergeSettings(below, { url_parameters: { shop: 'b' }, nested: { x: { z: 2 } } })).toEqual({
      url_parameters: { region: 'eu', shop: 'b' },
      nested: { x: { z: 2 } },
    });
  });

  it('should replace lists and whatever is an object on one side only', () => {
    expect(mergeSettings({ a: [1, 2], b: { x: 1 }, c: 1 }, { a: [3], b: 'text', c: { x: 1 } })).toEqual({
      a: [3],
      b: 'text',
      c: { x: 1 },
    });
  });

  it('should take nothing from a prototype', () => {
    expect(mergeSettings({}, JSON.parse('{"constructor":{"x":1}}'))).toEqual({ constructor: { x: 1 } });
  });
});

describe(configuredOf.name, () => {
  it('should name what is set at either kind, without a secret', () => {
    const configured = configuredOf({ settings: { a: 1, b: undefined }, secrets: toSecrets({ s: 'x' }) });

    expect([...configured.fields]).toEqual(['a', 's']);
    expect(configured.settings).toEqual({ a: 1, b: undefined });
  });
});
