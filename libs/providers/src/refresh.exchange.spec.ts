import { describe, expect, it, jest } from '@jest/globals';
import { createLog, toSecrets } from '@app/common';
import { OAuth2Provider } from './oauth2/oauth2.provider.js';
import { OnmetaProvider } from './onmeta/onmeta.provider.js';
import { AddressGuard } from './outbound/address-guard.js';
import type { OutboundAnswer } from './outbound/exchange.js';
import { OutboundClient } from './outbound/outbound.client.js';
import { failed } from './failed.js';
import { RefreshExchange } from './refresh.exchange.js';

const CREDENTIAL = { settings: {}, secrets: toSecrets({ api_key: 'k', refresh_token: 'r' }) };
const ANSWER: OutboundAnswer = {
  status: 200,
  contentType: 'application/json',
  retryAfter: undefined,
  body: '{"success":true,"data":{"accessToken":"a1"},"error":{}}',
};

const fullDisk = (): Promise<void> => Promise.reject(new Error('disk full'));

function newSut() {
  const client = new OutboundClient(new AddressGuard([]));
  const send = jest.spyOn(client, 'send');
  const probe = jest.spyOn(client, 'probe');
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  return { sut: new RefreshExchange(client, log), send, probe, lines };
}

describe(RefreshExchange.name, () => {
  it('should make one request and read its answer', async () => {
    const { sut, send } = newSut();
    const body = '{"success":true,"data":{"accessToken":"a1"},"error":{}}';
    send.mockResolvedValue({ status: 200, contentType: 'application/json', retryAfter: undefined, body });

    const { outcome, durationMs } = await sut.send(new OnmetaProvider(), 'refresh', CREDENTIAL, {
      now: 0,
      deadlineMs: 5,
    });

    expect(outcome).toMatchObject({ kind: 'ok', status: 200 });
    expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(send).toHaveBeenCalledTimes(1);
    expect(send).toHaveBeenCalledWith(
      expect.objectContaining({ url: 'https://api.platform.onmeta.in/v1/users/refresh-token' }),
      { deadlineMs: 5 },
    );
  });

  it('should pass on why nothing was answered', async () => {
    const { sut, send } = newSut();
    send.mockResolvedValue(failed('dns_failure'));

    expect(await sut.send(new OnmetaProvider(), 'refresh', CREDENTIAL, { now: 0 })).toMatchObject({
      outcome: { kind: 'not_sent', status: null, reason: 'dns_failure' },
    });
  });

  it('should send nothing to a host that the type does not name, and trust the CA that is configured', async () => {
    const { sut, send, probe, lines } = newSut();
    send.mockResolvedValue(ANSWER);
    const straying = Object.assign(new OnmetaProvider(), { hosts: () => ['https://elsewhere.example'] });
    const refused = { kind: 'misconfigured', reason: 'address_refused' };

    expect(await sut.send(straying, 'refresh', CREDENTIAL, { now: 0 })).toMatchObject({ outcome: refused });
    expect(await sut.probe(straying, CREDENTIAL)).toMatchObject(refused);
    expect([send.mock.calls, probe.mock.calls]).toEqual([[], []]);
    expect(lines.join('')).toContain('sends to a host that it does not name');
    const trusting = { ...CREDENTIAL, settings: { ca_certificates: 'a CA' } };
    await sut.send(new OnmetaProvider(), 'refresh', trusting, { now: 0 });
    expect(send).toHaveBeenCalledWith(expect.anything(), { ca: 'a CA' });
  });

  it('should send nothing where no request can be made of the credential', async () => {
    const { sut, send, lines } = newSut();

    expect(await sut.send(new OnmetaProvider(), 'relogin', CREDENTIAL, { now: 0 })).toMatchObject({
      outcome: { kind: 'misconfigured', status: null, reason: 'unusable_credential' },
    });
    expect(send).not.toHaveBeenCalled();
    expect(lines.join()).toContain('The field \\"email\\" is missing');
  });

  it('should hand over the whole raw answer before it is read', async () => {
    const { sut, send } = newSut();
    const provider = new OnmetaProvider();
    const events: string[] = [];
    send.mockResolvedValue(ANSWER);
    jest.spyOn(provider, 'read').mockImplementation(() => {
      events.push('read');
      return failed('no_token', 200);
    });
    const onAnswer = async (answer: OutboundAnswer) => {
      await Promise.resolve();
      events.push(answer.body);
    };

    await sut.send(provider, 'refresh', CREDENTIAL, { now: 0, onAnswer });

    expect(events).toEqual([ANSWER.body, 'read']);
    expect(send).toHaveBeenCalledWith(expect.anything(), {});
  });

  it('should read an answer that could not be kept', async () => {
    const { sut, send, lines } = newSut();
    send.mockResolvedValue(ANSWER);

    expect(await sut.send(new OnmetaProvider(), 'refresh', CREDENTIAL, { now: 0, onAnswer: fullDisk })).toMatchObject({
      outcome: { kind: 'ok' },
    });
    expect(lines.join()).toContain('An answer could not be kept');
  });

  it('should hand over nothing where nothing was answered', async () => {
    const { sut, send } = newSut();
    send.mockResolvedValue(failed('timeout'));
    const onAnswer = jest.fn<(answer: OutboundAnswer) => Promise<void>>();

    await sut.send(new OnmetaProvider(), 'refresh', CREDENTIAL, { now: 0, onAnswer });

    expect(onAnswer).not.toHaveBeenCalled();
  });

  it('should read a kept answer without asking anybody', () => {
    const { sut, send } = newSut();

    expect(sut.readAgain(new OnmetaProvider(), 'refresh', ANSWER, CREDENTIAL, 0)).toMatchObject({ kind: 'ok' });
    expect(send).not.toHaveBeenCalled();
  });

  describe('introspect', () => {
    const oauth2 = new OAuth2Provider(new Map());
    const settings = { token_url: 'https://a.example/t', introspection_url: 'https://a.example/i', client_id: 'c' };
    const credential = { settings, secrets: toSecrets({ client_secret: 's', refresh_token: 'r' }) };

    it('should ask once whether the credential is unused', async () => {
      const { sut, send } = newSut();
      send.mockResolvedValue({ ...ANSWER, body: '{"active":true}' });

      const { outcome } = await sut.introspect(oauth2, credential, { now: 0, deadlineMs: 7 });

      expect(outcome).toEqual({ kind: 'ok', status: 200, verdict: 'unused' });
      expect(send).toHaveBeenCalledTimes(1);
      expect(send).toHaveBeenCalledWith(expect.objectContaining({ url: 'https://a.example/i' }), { deadlineMs: 7 });
    });

    it('should pass on why nothing was answered', async () => {
      const { sut, send } = newSut();
      send.mockResolvedValue(failed('connect_failed'));

      expect((await sut.introspect(oauth2, credential, { now: 0 })).outcome).toMatchObject({ kind: 'not_sent' });
    });

    it('should ask nobody where the type or the configuration cannot tell', async () => {
      const { sut, send } = newSut();

      for (const [provider, one] of [
        [new OnmetaProvider(), CREDENTIAL],
        [oauth2, { ...credential, settings: {} }],
      ] as const) {
        expect((await sut.introspect(provider, one, { now: 0 })).outcome).toMatchObject({
          reason: 'unusable_credential',
        });
      }
      expect(send).not.toHaveBeenCalled();
    });
  });

  describe('probe', () => {
    it('should try the address of the refresh and send nothing', async () => {
      const { sut, send, probe } = newSut();
      probe.mockResolvedValue(undefined);

      expect(await sut.probe(new OnmetaProvider(), CREDENTIAL)).toBeUndefined();
      expect(probe).toHaveBeenCalledWith('https://api.platform.onmeta.in/v1/users/refresh-token', { ca: undefined });
      expect(send).not.toHaveBeenCalled();
    });

    it('should say why there is no address to try', async () => {
      const { sut, probe } = newSut();

      expect(await sut.probe(new OnmetaProvider(), { settings: {}, secrets: {} })).toMatchObject({
        reason: 'unusable_credential',
      });
      expect(probe).not.toHaveBeenCalled();
    });
  });

  it('should survive a provider that throws while reading, and say so without repeating the answer', async () => {
    const { sut, send, lines } = newSut();
    const provider = new OnmetaProvider();
    send.mockResolvedValue({ status: 200, contentType: '', retryAfter: undefined, body: '' });
    jest.spyOn(provider, 'read').mockImplementation(() => {
      throw new SyntaxError('canary');
    });

    expect(await sut.send(provider, 'refresh', CREDENTIAL, { now: 0 })).toMatchObject({
      outcome: { kind: 'unknown', status: 200, reason: 'unreadable_answer' },
    });
    expect(lines.join()).toContain('"provider":"onmeta"');
    expect(lines.join()).toContain('SyntaxError');
    expect(lines.join()).not.toContain('canary');
  });
});
