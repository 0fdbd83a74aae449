import { ProviderRegistry } from '@app/providers';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ConnectionKinds, type KindRow } from './connection-kind.js';

const row = (overrides: Partial<KindRow> = {}): KindRow => ({
  provider: 'acme',
  type: 'plain',
  provider_settings: '{"url": {"base": "https://acme.example"}, "client_id": "ours"}',
  secret_fields: '["client_secret"]',
  settings: '{}',
  credential_fields: '["refresh_token"]',
  ...overrides,
});

describe(ConnectionKinds.name, () => {
  let asked: number;
  let sut: ConnectionKinds;

  beforeEach(() => {
    asked = 0;
    const traitsFor = () => ({ rotation: 'static', asked: (asked += 1) });
    sut = new ConnectionKinds(new ProviderRegistry([{ type: 'plain', traitsFor } as never]));
  });

  it('should merge the settings of both levels and name the fields of all', () => {
    const { settings, fields } = sut.of(row({ settings: '{"url": {"path": "/token"}, "scope": "a"}' }));
    expect(settings).toEqual({
      url: { base: 'https://acme.example', path: '/token' },
      client_id: 'ours',
      scope: 'a',
    });
    expect([...fields].toSorted()).toEqual(['client_id', 'client_secret', 'refresh_token', 'scope', 'url']);
  });

  it('should give connections that share everything the same objects, worked out once', () => {
    expect(sut.of(row())).toBe(sut.of(row()));
    expect(asked).toBe(1);
  });

  it.each(Object.keys(row()).filter((column) => column !== 'type') as (keyof KindRow)[])(
    'should tell rows apart that differ in %s alone',
    (column) => {
      const other = { provider: 'globex' }[column as 'provider'] ?? (column.endsWith('fields') ? '["x"]' : '{"x": 1}');
      expect(sut.of(row({ [column]: other }))).not.toBe(sut.of(row()));
    },
  );

  it.each([
    ['with an id of its own', { settings: '{"client_id": "theirs"}' }, true],
    ['with a secret of its own', { credential_fields: '["client_secret", "refresh_token"]' }, true],
    ['that shares both', { settings: '{"scope": "a"}' }, false],
  ])('should know a client %s', (_what, overrides, isOwnClient) => {
    expect(sut.of(row(overrides)).isOwnClient).toBe(isOwnClient);
  });
});
