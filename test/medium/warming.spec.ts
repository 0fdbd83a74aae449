import { Authenticator, ApiKeyService, CallerService, NO_FIELDS } from '@app/callers';
import type { ConnectionName } from '@app/common';
import { ConnectionsRepository, ConnectionService } from '@app/connections';
import { TokenService, Warming } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newInput } from '../support/connections.js';
import { startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

const named = (connection: string): ConnectionName => ({ provider: 'berbix', connection });
const inADay = (accessToken: string) => ({ accessToken, expiresAt: new Date(Date.now() + 86_400_000) });

describe('a replica that starts beside another one', () => {
  const replicas: TokenReplica[] = [];
  let key: string;

  async function started(): Promise<TokenReplica> {
    const replica = await startTokenReplica();
    replicas.push(replica);
    return replica;
  }

  async function ask({ module }: TokenReplica, connection: string): Promise<string> {
    const caller = await module.get(Authenticator).authenticate(key);
    const origin = { actor: { type: 'caller' as const, caller: caller.name, keyId: caller.keyId } };
    const request = { ...named(connection), minTtlSeconds: 60 };
    return (await module.get(TokenService).issue(caller, request, origin)).accessToken;
  }

  beforeAll(async () => {
    const { module } = await started();
    for (const connection of ['acme', 'globex', 'unasked']) {
      await module
        .get(ConnectionService)
        .put(SYSTEM, named(connection), newInput({ token: inADay(`of-${connection}`) }));
    }
    await module.get(CallerService).put(SYSTEM, 'shop', { ...NO_FIELDS, rules: ['berbix/*'] });
    key = (await module.get(ApiKeyService).issue(SYSTEM, 'shop', null)).key.reveal();
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
  });

  it('should hold what the other one was asked for, and nothing else, before anybody asks', async () => {
    const [first] = replicas as [TokenReplica];
    await Promise.all(['acme', 'globex', 'acme'].map((connection) => ask(first, connection)));
    const second = await started();
    await second.module.get(Warming).run();
    const read = jest.spyOn(second.module.get(ConnectionsRepository), 'find');
    await expect(Promise.all([ask(second, 'acme'), ask(second, 'globex')])).resolves.toEqual(['of-acme', 'of-globex']);
    expect(read).not.toHaveBeenCalled();
    await expect(ask(second, 'unasked')).resolves.toBe('of-unasked');
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('should hand out what a connection holds by then', async () => {
    const [first] = replicas as [TokenReplica];
    await ask(first, 'acme');
    const connections = first.module.get(ConnectionService);
    await connections.put(SYSTEM, named('acme'), newInput({ token: inADay('newer') }));
    await connections.pause(SYSTEM, named('globex'));
    const second = await started();
    await second.module.get(Warming).run();
    await expect(ask(second, 'acme')).resolves.toBe('newer');
    await expect(ask(second, 'globex')).rejects.toMatchObject({ code: 'connection_paused' });
    await connections.pause(SYSTEM, named('acme'));
    await expect(ask(second, 'acme')).rejects.toMatchObject({ code: 'connection_paused' });
  });
});
