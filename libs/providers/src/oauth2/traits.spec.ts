import { describe, expect, it } from '@jest/globals';
import type { Settings } from '../provider.js';
import { settingsInForce } from './settings.js';
import { traitsOfSettings } from './traits.js';

const traits = (settings: Settings = {}) => traitsOfSettings(settingsInForce(settings, new Map()));

describe(traitsOfSettings.name, () => {
  it('should take an unknown provider for one that punishes a repeat', () => {
    expect(traits()).toEqual({
      rotation: 'strict',
      rolling: 'none',
      oldTokenSurvives: null,
      introspection: false,
      relogin: [],
      unprocessedStatuses: [],
      refreshAt: 0.85,
      defaultTtlSeconds: 3600,
      tokenType: 'Bearer',
    });
  });

  it('should take what is configured', () => {
    const settings = {
      rotation: 'grace',
      grace_seconds: 1800,
      old_token_survives: false,
      introspection_url: 'https://a.example/i',
      unprocessed_statuses: [503],
      default_ttl_seconds: 900,
      token_type: 'Zoho-oauthtoken',
      refresh_token_idle_seconds: 86_400,
    };

    expect(traits(settings)).toMatchObject({
      rotation: 'grace',
      graceSeconds: 1800,
      oldTokenSurvives: false,
      introspection: true,
      unprocessedStatuses: [503],
      refreshAt: 0.75,
      defaultTtlSeconds: 900,
      tokenType: 'Zoho-oauthtoken',
      idleSeconds: 86_400,
    });
    expect(traits({ ...settings, refresh_at: 0.5 }).refreshAt).toBe(0.5);
  });

  it.each(['client_credentials', 'jwt_bearer'])('should repeat %s at will, whatever is said of rotation', (grant) => {
    const settings = { grant, rotation: 'strict', rolling: true, introspection_url: 'https://a.example/i' };

    expect(traits({ ...settings, refresh_token_idle_seconds: 86_400 })).toMatchObject({
      rotation: 'static',
      rolling: 'none',
      introspection: false,
      refreshAt: 0.75,
    });
    expect(traits({ ...settings, refresh_token_idle_seconds: 86_400 })).not.toHaveProperty('idleSeconds');
  });

  it('should ask nobody about a token that renews itself', () => {
    expect(traits({ rolling: true, introspection_url: 'https://a.example/i' })).toMatchObject({
      rolling: 'credential',
      introspection: false,
    });
  });

  it('should know a grace period only where there is one', () => {
    expect(traits({ grace_seconds: 60 })).not.toHaveProperty('graceSeconds');
  });
});
