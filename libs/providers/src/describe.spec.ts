import { describe, expect, it } from '@jest/globals';
import { describeType } from './describe.js';
import { KlearstackProvider } from './klearstack/klearstack.provider.js';
import { OnmetaProvider } from './onmeta/onmeta.provider.js';

describe(describeType.name, () => {
  it('should tell what can be configured at either level', () => {
    const description = describeType(new OnmetaProvider());

    expect(description).toMatchObject({
      type: 'onmeta',
      default_base_url: 'https://api.platform.onmeta.in',
      required: ['api_key'],
      required_unless_relogin: ['refresh_token'],
      relogin: [['email', 'api_key']],
      usual_level: { api_key: 'provider', refresh_token: 'connection' },
    });
    expect(description.provider.settings).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: { environment: { enum: ['production', 'staging'], default: 'production' } },
    });
    expect(description.connection.credential.properties['refresh_token']).toMatchObject({
      type: 'string',
      writeOnly: true,
    });
    expect(description.connection.settings).toEqual(description.provider.settings);
  });

  it('should tell how it behaves', () => {
    expect(describeType(new KlearstackProvider()).traits).toEqual({
      rotation: 'static',
      grace_seconds: null,
      rolling: 'co_credential',
      old_token_survives: null,
      introspection: false,
      unprocessed_statuses: [],
      refresh_at: 0.667,
      default_ttl_seconds: 900,
      token_type: 'Bearer',
    });
  });

  it('should be plain JSON', () => {
    const description = describeType(new OnmetaProvider());

    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  });
});
