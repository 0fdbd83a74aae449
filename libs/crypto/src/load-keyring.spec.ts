import { describe, expect, it } from '@jest/globals';
import { loadKeyring, requirePrivate } from './load-keyring.js';

describe('requirePrivate', () => {
  it.each([0o100600, 0o100400, 0o100200])('should pass mode %o', (mode) => {
    expect(() => requirePrivate({ mode }, 'keys.json', 'linux')).not.toThrow();
  });

  it.each([0o100640, 0o100604, 0o100700, 0o100610, 0o100777])('should refuse mode %o and say what to do', (mode) => {
    expect(() => requirePrivate({ mode }, '/etc/keys.json', 'linux')).toThrow('run "chmod 600 /etc/keys.json"');
  });

  it('should pass any mode on Windows, which keeps none', () => {
    expect(() => requirePrivate({ mode: 0o100666 }, 'keys.json', 'win32')).not.toThrow();
  });
});

describe('loadKeyring', () => {
  it('should say how to make a key file where there is none', () => {
    expect(() => loadKeyring('/nowhere/keys.json')).toThrow(
      'The key file /nowhere/keys.json does not exist. Set KEYS_FILE to yours, or write a fresh one with "claviger keys generate',
    );
  });
});
