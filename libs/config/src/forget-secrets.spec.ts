import { describe, expect, it } from '@jest/globals';
import { forgetSecrets } from './forget-secrets.js';

describe(forgetSecrets.name, () => {
  it('should leave nothing that opens what is stored, and everything else', () => {
    const env = { KEYS: '{"version":1}', VAULT_TOKEN: 'hvs.canary', KEYS_FILE: 'keys.json', PORT: '0' };
    forgetSecrets(env);
    expect(env).toEqual({ KEYS_FILE: 'keys.json', PORT: '0' });
  });
});
