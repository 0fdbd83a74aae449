import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { inPackage, toSecrets } from '@app/common';
import { checkComplete, checkFields, traitsOf } from '@app/providers';
import { loadAnswers, type Sandbox, startSandbox } from '../../apps/sandbox/src/index.js';
import { failureOf } from '../support/conformance-cases.js';
import { EXPECTED_PRESETS } from '../support/expected-presets.js';
import { adopted, effectiveOf, grantOf, openOAuth2Room, PresetAtSandbox } from '../support/oauth2-presets.js';

const FORM = 'application/x-www-form-urlencoded';
const NAMES = { settings: 'settings', secrets: 'credential' };

const files = loadAnswers();
const room = await openOAuth2Room();
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.reset());
afterAll(() => sandbox.close());

it('should have a row here for each preset that can be configured', () => {
  const schema = room.provider.fields.find(({ name }) => name === 'preset')?.schema as { enum?: readonly string[] };

  expect(schema.enum).toEqual(Object.keys(EXPECTED_PRESETS));
});

describe.each(Object.entries(EXPECTED_PRESETS))('preset %s', (preset, expected) => {
  const file = files.get(preset);
  let sut: PresetAtSandbox;

  beforeAll(() => {
    sut = new PresetAtSandbox(room, sandbox, preset);
  });

  it('should say what it is, where it is documented and where each fact comes from', () => {
    const path = inPackage('libs', 'providers', 'src', 'oauth2', 'presets', `${preset}.json`);
    const { title, documentation, sources, unverified } = JSON.parse(readFileSync(path, 'utf8'));

    expect([title, new URL(documentation).protocol]).toEqual([expect.stringMatching(/^[A-Z]/), 'https:']);
    expect(sources.length).toBeGreaterThan(2);
    for (const source of sources) {
      expect(source).toEqual({
        mark: expect.stringMatching(/^[DTIK]$/),
        fact: expect.any(String),
        source: expect.any(String),
      });
    }
    expect(unverified).toEqual(expect.arrayContaining([expect.any(String)]));
  });

  it('should behave as documented', () => {
    expect(traitsOf(room.provider, { preset })).toMatchObject({ oldTokenSurvives: null, ...expected.traits });
    expect(traitsOf(room.provider, { preset }).idleSeconds).toBe(expected.traits.idleSeconds);
  });

  it('should send its refresh to the vendor, with no secret in the URL', async () => {
    const settings = { preset, client_id: 'a client', url_parameters: expected.urlParameters ?? {} };
    const secrets = toSecrets({ client_secret: 'a:secret', refresh_token: 'a refresh token' });

    const request = await room.provider.request('refresh', { settings, secrets }, Date.now());

    expect(request).toMatchObject({ method: 'POST', url: expected.url });
    expect(request.headers).toMatchObject({
      accept: 'application/json',
      'content-type': expected.contentType ?? FORM,
    });
    expect(request.body).toContain('refresh_token');
  });

  it('should need nothing but the client and the credential', async () => {
    const { settings, secrets, credential } = await sut.issue();
    const effective = effectiveOf(await sut.issue());

    expect(checkFields(room.provider, { settings, secrets }, NAMES)).toEqual([]);
    expect(checkFields(room.provider, { secrets: credential }, NAMES)).toEqual([]);
    expect(checkComplete(room.provider, effective, NAMES)).toEqual([]);
    expect(
      checkComplete(room.provider, { settings: { preset }, secrets: {} }, NAMES).map(({ field }) => field),
    ).toEqual(expect.arrayContaining(['settings.client_id', 'credential.client_secret', 'credential.refresh_token']));
  });

  it('should get a token by the real rules, and the next one with what came back', async () => {
    const issued = await sut.issue();
    const first = grantOf(await sut.refresh(issued));
    const second = grantOf(await sut.refresh(adopted(issued, first)));

    for (const { accessToken, tokenType, expiresInSeconds, expiryClamped, extra } of [first, second]) {
      expect([expiresInSeconds, expiryClamped]).toEqual([expected.ttl, false]);
      expect(tokenType).toBe(expected.tokenType ?? 'Bearer');
      expect(Object.keys(extra).toSorted()).toEqual(expected.extra ?? []);
      expect(sandbox.lookup(accessToken.reveal())).toMatchObject({ kind: 'access', credential: issued.id });
    }
    const held = adopted(issued, first).credential['refresh_token'];
    expect(held !== issued.credential['refresh_token']).toBe(expected.replaces);
    expect(sandbox.requests().map(({ answer }) => answer)).toEqual(['success', 'success']);
  });

  it.each(file?.errors ?? [])('should read the documented answer $id as $outcome: $reason', async (answer) => {
    const outcome = await sut.refresh(await sut.issue(), { kind: 'answer', id: answer.id });
    expect({ ...outcome, individual: undefined }).toEqual(failureOf(answer));
  });

  it('should know a dead refresh token', async () => {
    const issued = await sut.issue();
    sandbox.revoke(issued.id, 'refresh');

    const status = expected.deadStatus ?? 400;
    expect(await sut.refresh(issued)).toEqual({ kind: 'rejected', reason: 'invalid_grant', status });
  });

  it.each([{ settings: { client_id: 'x' } }, { secrets: { client_secret: 'x' } }])(
    'should take %j for our mistake, and leave the credential alone',
    async (wrong) => {
      const issued = await sut.issue();
      const outcome = await sut.refresh({
        ...issued,
        settings: { ...issued.settings, ...wrong.settings },
        secrets: { ...issued.secrets, ...wrong.secrets },
      });

      expect(outcome).toMatchObject({ kind: 'misconfigured', reason: 'invalid_client' });
      expect((await sut.refresh(issued)).kind).toBe('ok');
    },
  );

  it.each([
    [7, { retryAfterSeconds: 7 }],
    [undefined, {}],
  ])('should wait as long as a 429 asks it to: %j', async (retry_after, wait) => {
    const outcome = await sut.refresh(await sut.issue(), { kind: 'rate_limited', ...(retry_after && { retry_after }) });

    expect(outcome).toEqual({ kind: 'not_sent', reason: 'rate_limited', status: 429, ...wait });
  });

  it.each([500, 502, 503, 504])('should not claim to know what became of a request answered %i', async (status) => {
    const outcome = await sut.refresh(await sut.issue(), { kind: 'respond', status, body: '<html>' });

    expect(outcome).toEqual({ kind: 'unknown', reason: 'server_error', status });
  });
});
