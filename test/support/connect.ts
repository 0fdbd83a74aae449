import type { IssuedCredential, IssueOptions, Sandbox } from '../../apps/sandbox/src/index.js';
import type { TestBroker } from './broker.js';

/** Where a connection is administered. */
export const pathOf = (provider: string, connection: string): string =>
  `/admin/providers/${provider}/connections/${connection}`;

/** What PUT of a connection takes to have all of an issued credential at the connection's own level. */
export const bodyOf = ({ settings, secrets, credential }: IssuedCredential) => ({
  settings,
  credential: { ...secrets, ...credential },
});

/** Issues a credential at the sandbox and makes it a connection of the built-in provider of its type. */
export async function connect(
  { broker, sandbox }: { readonly broker: TestBroker; readonly sandbox: Sandbox },
  provider: string,
  connection: string,
  { token, ...options }: IssueOptions & { readonly token?: object } = {},
): Promise<IssuedCredential> {
  const issued = await sandbox.issue(provider, options);
  const body = { ...bodyOf(issued), ...(token === undefined ? {} : { token }) };
  const { status, text } = await broker.as().put(pathOf(provider, connection)).send(body);
  if (status !== 201 && status !== 200) {
    throw new Error(`The connection ${provider}/${connection} was not made: ${status} ${text}`);
  }
  return issued;
}

/** The replica forgets what it holds: a change of a provider, even one that changes nothing, may touch any connection. */
export async function forgetHeld(broker: TestBroker, provider: string): Promise<void> {
  await broker.as().patch(`/admin/providers/${provider}`).send({}).expect(200);
}

/** A connection as it is answered, without what renewal in the background changes. */
export function configured({ refresh: _refresh, updated_at: _updated, ...rest }: Readonly<Record<string, unknown>>) {
  return rest;
}

/** A token that an operator brings along, good for `seconds`. */
export const broughtToken = (accessToken: string, seconds = 3600) => ({
  access_token: accessToken,
  expires_at: new Date(Date.now() + seconds * 1000).toISOString(),
});
