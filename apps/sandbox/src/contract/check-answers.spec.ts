import { describe, expect, it } from '@jest/globals';
import { checkAnswers } from './check-answers.js';

const call = { method: 'GET', path: '/token', headers: [], body: { encoding: 'none', fields: [] } };
const unknownRoute = {
  id: 'unknown_route',
  status: 404,
  content_type: 'application/json',
  headers: {},
  body: {},
  meaning: 'nothing is served there',
  outcome: 'misconfigured',
  reason: 'not_found',
};
const success = { status: 200, body: { token: '{access}' } };
const otherwise = { if: ['otherwise'], respond: 'success' };

const newFile = (overrides: object = {}) => ({
  answers_version: 1,
  provider: 'acme',
  title: 'Acme',
  request: call,
  success,
  errors: [unknownRoute],
  mock_rules: [otherwise],
  bootstrap: [],
  sample: { settings: {}, secrets: {}, credential: { refresh_token: '{refresh}' } },
  sandbox: { prefixes: [''], tokens: { access: { format: 'opaque', ttl_seconds: 60 } } },
  ...overrides,
});

const login = { name: 'login', ...call, success, errors: [], mock_rules: [{ if: ['otherwise'], respond: 'nothing' }] };

describe('checkAnswers', () => {
  it('should accept a file with documentation beside what is needed', () => {
    const file = newFile({ quirks: ['none'], sources: { S1: 'https://example.com' } });

    expect(checkAnswers('acme.json', file)).toBe(file);
  });

  it.each([
    ['acme.json', newFile({ sample: undefined }), /acme.json: \/ must have required property 'sample'/],
    ['acme.json', newFile({ errors: [] }), /no answer with the id unknown_route/],
    [
      'acme.json',
      newFile({ errors: [{ ...unknownRoute, outcome: 'fine' }] }),
      /\/errors\/0\/outcome must be equal to one/,
    ],
    ['acme.json', newFile({ mock_rules: [{ if: ['otherwise'], respond: 'x' }] }), /\/mock_rules\/0 responds "x"/],
    [
      'acme.json',
      newFile({ mock_rules: [{ if: ['missing_header:a'], respond: 'success' }] }),
      /must end with .* "otherwise"/,
    ],
    ['acme.json', newFile({ bootstrap: [login] }), /\/bootstrap\/0\/mock_rules\/0 responds "nothing"/],
    ['acme.json', newFile({ sandbox: { prefixes: [''], tokens: {} } }), /\/sandbox\/tokens must have .* 'access'/],
    [
      'acme.json',
      newFile({ sandbox: { ...newFile().sandbox, rotation: 'grace' } }),
      /\/sandbox has the rotation "grace" without grace_seconds/,
    ],
    ['other.json', newFile(), /must be called acme.json/],
    ['acme.json', null, /acme.json: \/ must be object/],
  ])('should refuse %s and say where it is wrong (%#)', (name, file, message) => {
    expect(() => checkAnswers(name, file)).toThrow(message);
  });
});
