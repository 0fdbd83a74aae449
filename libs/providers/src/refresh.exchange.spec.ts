import { describe, expect, it, jest } from '@jest/globals';
import { createLog, toSecrets } from '@app/common';
import { OnmetaProvider } from './onmeta/onmeta.provider.js';
import { AddressGuard } from './outbound/address-guard.js';
import { OutboundClient } from './outbound/outbound.client.js';
import { failed } from './failed.js';
import { RefreshExchange } from './refresh.exchange.js';

const CREDENTIAL = { settings: {}, secrets: toSecrets({ api_key: 'k', refresh_token: 'r' }) };

function newSut() {
  const client = new OutboundClient(new AddressGuard([]));
  const send = jest.spyOn(client, 'send');
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  return { sut: new RefreshExchange(client, log), send, lines };
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

  it('should send nothing where no request can be made of the credential', async () => {
    const { sut, send, lines } = newSut();

    expect(await sut.send(new OnmetaProvider(), 'relogin', CREDENTIAL, { now: 0 })).toMatchObject({
      outcome: { kind: 'misconfigured', status: null, reason: 'unusable_credential' },
    });
    expect(send).not.toHaveBeenCalled();
    expect(lines.join()).toContain('The field \\"email\\" is missing');
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
