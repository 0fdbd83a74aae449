import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inPackage, toSecrets } from '@app/common';
import { checkComplete, checkFields, traitsOf } from '@app/providers';
import { EXPECTED_PRESETS } from '../support/expected-presets.js';
import { openOAuth2Room } from '../support/oauth2-presets.js';

const NAMES = { settings: 'settings', secrets: 'credential' };
const { provider } = await openOAuth2Room();
const page = readFileSync(inPackage('docs', 'providers.md'), 'utf8');

/** What stands under a heading, until the next one of its depth. */
function section(heading: string): string {
  const depth = heading.split(' ', 1)[0] ?? '';
  const start = page.indexOf(`${heading}\n`);
  expect(start).toBeGreaterThan(-1);
  const rest = page.slice(start + heading.length);
  return rest.slice(0, rest.search(new RegExp(`^${depth} `, 'm')));
}

/** Cells of the rows of a section's tables. */
const rowsOf = (text: string): readonly (readonly string[])[] =>
  [...text.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | ').map((cell) => cell.trim()));

const namesIn = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');

describe('docs/providers.md', () => {
  it.each(Object.keys(EXPECTED_PRESETS))('should have a row about the preset %s that is true', (preset) => {
    const row = rowsOf(section('## Presets')).find(([name]) => name === `\`${preset}\``);
    const { rotation, idleSeconds } = traitsOf(provider, { preset });

    expect(row?.[2]).toMatch(new RegExp(`^\`${rotation}\``));
    expect(row?.[4]).toMatch(idleSeconds === undefined ? /^\D+$/ : new RegExp(`^${idleSeconds / 86_400} d$`));
    const needed = Object.keys(EXPECTED_PRESETS[preset]?.urlParameters ?? {}).map((name) => `url_parameters.${name}`);
    expect(namesIn(row?.[6] ?? '')).toEqual(needed);
  });

  it('should explain every field of the type oauth2, and no other', () => {
    const explained = rowsOf(section('## Settings of the type `oauth2`')).flatMap(([name = '']) => namesIn(name));

    expect(new Set(explained)).toEqual(new Set(provider.fields.map(({ name }) => name).filter(isExplained)));
  });

  const examples = rowsOf(section('### Without a preset')).flatMap(([vendor = '', text = '']) =>
    text.startsWith('`"') ? [[vendor, text.slice(1, text.indexOf('`', 1))] as const] : [],
  );

  it('should have examples', () => expect(examples).toHaveLength(8));

  it.each(examples)('should give settings that are accepted where the vendor %s', (_vendor, text) => {
    const settings = JSON.parse(`{${text}}`) as Record<string, unknown>;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const secrets = toSecrets({
      client_secret: 'a',
      refresh_token: 'b',
      access_token: 'c',
      private_key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    });

    expect(checkFields(provider, { settings }, NAMES)).toEqual([]);
    const effective = { settings: { token_url: 'https://vendor.example/token', client_id: 'd', ...settings }, secrets };
    expect(checkComplete(provider, effective, NAMES)).toEqual([]);
  });
});

/** `access_token` stands with `refresh_token`, whose place it takes. */
function isExplained(name: string): boolean {
  return name !== 'access_token';
}
