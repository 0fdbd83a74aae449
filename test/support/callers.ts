import type { TestBroker } from './broker.js';
import { broughtToken, pathOf } from './connect.js';

/** An API key as it was issued. */
export interface IssuedKey {
  readonly key: string;
  readonly key_id: string;
}

/** Where a caller is administered. */
export const callerPath = (caller: string): string => `/admin/callers/${caller}`;

/** Creates or replaces a caller. */
export const putCaller = (broker: TestBroker, caller: string, body: object = {}) =>
  broker.as().put(callerPath(caller)).send(body);

/** A further key of a caller. */
export async function issueKey(broker: TestBroker, caller: string, body: object = {}): Promise<IssuedKey> {
  const answer = await broker
    .as()
    .post(`${callerPath(caller)}/keys`)
    .send(body);
  return answer.body;
}

/** A caller with these fields, and a key of it. */
export async function callerWith(broker: TestBroker, name: string, fields: object): Promise<IssuedKey> {
  await putCaller(broker, name, fields);
  return issueKey(broker, name);
}

/** Makes connections that hold a token for a day, `<provider>-<connection>-token`, so that no provider is asked. */
export async function makeHeld(broker: TestBroker, names: readonly (readonly [string, string])[]): Promise<void> {
  for (const [provider, connection] of names) {
    const credential = provider === 'klavi' ? { access_token: 'x' } : { api_key: 'k', refresh_token: 'r' };
    const token = broughtToken(`${provider}-${connection}-token`, 86_400);
    const settings = { base_url: 'http://127.0.0.1:1' };
    await broker.as().put(pathOf(provider, connection)).send({ settings, credential, token });
  }
}

/** Asks for the token of `onmeta/acme`. */
export const askWith = (key: string, broker: TestBroker) =>
  broker.as(key).get('/providers/onmeta/token?connection=acme');
