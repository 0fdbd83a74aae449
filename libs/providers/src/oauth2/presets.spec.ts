import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toSecrets } from '@app/common';
import { checkComplete, checkFields } from '../validation.js';
import { OAuth2Provider } from './oauth2.provider.js';
import { loadPresets } from './presets.js';
import { parametersOf } from './url-template.js';

const NAMES = { settings: 'settings', secrets: 'credential' };
const presets = loadPresets();
const sut = new OAuth2Provider(presets);

/** A client's id and a value for each parameter that the preset leaves open. */
function completed(preset: string) {
  const { token_url, url_parameters } = presets.get(preset)?.settings ?? {};
  const open = parametersOf(String(token_url)).filter((name) => !Object.hasOwn(Object(url_parameters), name));
  const values = open.length === 0 ? {} : { url_parameters: Object.fromEntries(open.map((name) => [name, 'acme'])) };
  return {
    settings: { preset, client_id: 'c', ...values },
    secrets: toSecrets({ client_secret: 's', refresh_token: 'r' }),
  };
}

describe.each([...presets.keys()])('the preset %s', (name) => {
  it('should be what an operator could have written', () => {
    expect(checkFields(sut, { settings: presets.get(name)?.settings }, NAMES)).toEqual([]);
    expect(presets.get(name)?.documentation).toMatch(/^https:\/\//);
    expect(presets.get(name)?.settings).not.toHaveProperty('preset');
  });

  it('should need nothing but a client, a refresh token and what stands in the URL', async () => {
    const effective = completed(name);

    expect(checkComplete(sut, effective, NAMES)).toEqual([]);
    expect((await sut.request('refresh', effective, 0)).url).toMatch(/^https:\/\/[a-z0-9.-]+\//);
  });
});

describe(loadPresets.name, () => {
  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no settings', '{"title":"A","documentation":"https://a.example"}'],
    ['settings that are none', '{"title":"A","documentation":"https://a.example","settings":null}'],
  ])('should name the file that has %s', (_what, text) => {
    const directory = mkdtempSync(join(tmpdir(), 'presets-'));
    writeFileSync(join(directory, 'acme.json'), text);
    try {
      expect(() => loadPresets(directory)).toThrow(/acme\.json is no preset/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
