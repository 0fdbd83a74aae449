import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { checkComplete, type Failure, traitsOf } from '@app/providers';
import { type Fault, loadAnswers, type Sandbox, startSandbox } from '../../apps/sandbox/src/index.js';
import { EXPECTED_PRESETS } from '../support/expected-presets.js';
import { adopted, effectiveOf, grantOf, openOAuth2Room, PresetAtSandbox } from '../support/oauth2-presets.js';

const NAMES = { settings: 'settings', secrets: 'credential' };
const PRESETS = Object.keys(EXPECTED_PRESETS);
const files = loadAnswers();
const room = await openOAuth2Room();
const rotationOf = (preset: string) => traitsOf(room.provider, { preset }).rotation;
const rotating = (...rotations: readonly string[]) =>
  PRESETS.filter((preset) => rotations.includes(rotationOf(preset)));

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.reset());
afterAll(() => sandbox.close());

const at = (preset: string) => new PresetAtSandbox(room, sandbox, preset);
const modify = (set: Readonly<Record<string, unknown>>): Fault => ({ kind: 'modify', set });

describe('presets: an answer that is lost', () => {
  it.each(PRESETS)('should find at the sandbox the rotation that %s promises', (preset) => {
    const { rotation, grace_seconds } = files.get(preset)?.sandbox ?? {};

    expect(traitsOf(room.provider, { preset })).toMatchObject({
      rotation,
      ...(rotation === 'grace' && { graceSeconds: grace_seconds }),
    });
  });

  it.each(rotating('static', 'grace'))('should be had again from %s by a repeat', async (preset) => {
    const sut = at(preset);
    const issued = await sut.issue();

    expect(await sut.refresh(issued, { kind: 'close_after' })).toMatchObject({ kind: 'unknown' });
    const grant = grantOf(await sut.refresh(issued));
    expect((await sut.refresh(adopted(issued, grant))).kind).toBe('ok');
  });

  it.each(rotating('strict'))('should be lost for good where a repeat is sent to %s', async (preset) => {
    const sut = at(preset);
    const issued = await sut.issue();

    await sut.refresh(issued, { kind: 'close_after' });

    expect(await sut.refresh(issued)).toMatchObject({ kind: 'rejected', reason: 'invalid_grant' });
    expect(sandbox.credential(issued.id).tokens).toMatchObject({ access: { live: 0 }, refresh: { live: 0 } });
  });

  it.each(rotating('strict', 'grace'))(
    'should save the refresh token of %s beside a bad access token',
    async (preset) => {
      const sut = at(preset);
      const issued = await sut.issue();

      const failure = (await sut.refresh(issued, modify({ access_token: null }))) as Failure;

      expect(failure).toMatchObject({ kind: 'unknown', reason: 'no_token' });
      const refresh_token = failure.salvaged?.['refresh_token']?.reveal() ?? '';
      expect((await sut.refresh({ ...issued, credential: { refresh_token } })).kind).toBe('ok');
    },
  );
});

describe('presets: what is particular to one', () => {
  it.each([null, ''])('should keep the refresh token of Notion where the answer says %j', async (refresh_token) => {
    const sut = at('notion');
    const grant = grantOf(await sut.refresh(await sut.issue(), modify({ refresh_token })));

    expect(grant.credential).toEqual({});
  });

  it('should keep the refresh token of Atlassian where none comes back, as was seen', async () => {
    const sut = at('atlassian');
    const grant = grantOf(await sut.refresh(await sut.issue(), { kind: 'modify', delete: ['refresh_token'] }));

    expect(grant.credential).toEqual({});
  });

  it('should understand GitHub where it answers a form', async () => {
    const sut = at('github-app-user');
    const body = 'access_token={access}&expires_in=28800&refresh_token={refresh}&refresh_token_expires_in=15897600';
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const issued = await sut.issue();

    const grant = grantOf(await sut.refresh(issued, { kind: 'modify', body, headers }));

    expect(grant).toMatchObject({ expiresInSeconds: 28_800, credentialExpiresInSeconds: 15_897_600 });
    expect((await sut.refresh(adopted(issued, grant))).kind).toBe('ok');
  });

  it('should understand GitHub where it refuses with a form', async () => {
    const sut = at('github-app-user');
    const body = 'error=bad_refresh_token&error_description=The+refresh+token+passed+is+incorrect+or+expired.';

    const outcome = await sut.refresh(await sut.issue(), { kind: 'respond', status: 200, body });

    expect(outcome).toMatchObject({ kind: 'rejected', reason: 'invalid_grant', status: 200 });
  });

  it.each([8_640_000, '8640000'])('should read the life of QuickBooks’ refresh token from %j', async (seconds) => {
    const sut = at('quickbooks');
    const fault = modify({ x_refresh_token_expires_in: seconds });

    expect(grantOf(await sut.refresh(await sut.issue(), fault)).credentialExpiresInSeconds).toBe(8_640_000);
  });

  it.each([modify({ ok: false, error: 'new_error' }), modify({ ok: false })])(
    'should believe Slack’s ok, not its status or a token: %j',
    async (fault) => {
      const sut = at('slack');

      expect(await sut.refresh(await sut.issue(), fault)).toMatchObject({ kind: 'unknown', reason: 'no_token' });
    },
  );

  it('should prove the client to Slack with whatever its secret consists of', async () => {
    const sut = at('slack');
    const issued = await sut.issue({ secrets: { client_secret: 'a:b%2B c+d/é' } });

    expect((await sut.refresh(issued)).kind).toBe('ok');
  });

  it('should ask Zendesk for the lifetime that is set', async () => {
    const sut = at('zendesk');
    const issued = await sut.issue();
    const settings = { ...issued.settings, parameters: { expires_in: 600 } };

    expect(grantOf(await sut.refresh({ ...issued, settings })).expiresInSeconds).toBe(600);
  });

  it('should hand out where a token of Zoho and of Salesforce is used', async () => {
    const [zoho, salesforce] = [at('zoho'), at('salesforce')];

    const domain = grantOf(await zoho.refresh(await zoho.issue())).extra['api_domain'];
    const instance = grantOf(await salesforce.refresh(await salesforce.issue())).extra['instance_url'];

    expect([domain, instance]).toEqual(['https://www.zohoapis.com', 'https://yourinstance.example']);
  });

  it.each([
    ['microsoft-entra', 'tenant'],
    ['shopify', 'shop'],
    ['zendesk', 'subdomain'],
  ])('should not accept %s without its %s', async (preset, parameter) => {
    const { settings, ...issued } = await at(preset).issue();
    const { url_parameters: _, token_url: __, ...rest } = settings;

    expect(checkComplete(room.provider, effectiveOf({ ...issued, settings: rest }), NAMES)).toEqual([
      expect.objectContaining({ field: `settings.url_parameters.${parameter}` }),
    ]);
  });

  it('should take an unknown tenant of Entra for our mistake', async () => {
    const sut = at('microsoft-entra');
    const issued = await sut.issue();
    const settings = { ...issued.settings, url_parameters: { tenant: 'nobody.example' } };

    expect(await sut.refresh({ ...issued, settings })).toMatchObject({ kind: 'misconfigured', reason: 'bad_request' });
  });

  it('should let an operator say that an app of Salesforce does not rotate', () => {
    expect(traitsOf(room.provider, { preset: 'salesforce', rotation: 'static' }).rotation).toBe('static');
  });
});
