import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type ConnectionName, isBrokerError } from '@app/common';
import { type ConnectionRecord, ConnectionService, ProviderService } from '@app/connections';
import { ProviderRegistry } from '@app/providers';

const SYSTEM = { actor: { type: 'system' } } as const;
const DEMO = 'demo';

/** What the sandbox answers when a credential is issued: ready to be stored. */
interface Issued {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly credential: Readonly<Record<string, string>>;
}

/**
 * A connection `demo` of each type at the sandbox; returns their names. One that is there and works is left as it is, so that a
 * second start finds its data.
 */
export async function connectDemos(app: NestFastifyApplication, sandboxUrl: string): Promise<ConnectionName[]> {
  const connections = app.get(ConnectionService);
  const names = app
    .get(ProviderRegistry)
    .all()
    // What is configured for any third party has no account at one of ours.
    .filter(({ type }) => type !== 'oauth2')
    .map(({ type }) => ({ provider: type, connection: DEMO }));
  for (const name of names) {
    const held = await findConnection(connections, name);
    if (held !== undefined && isHealthy(held, sandboxUrl)) {
      continue;
    }
    await ensureProvider(app, name.provider);
    const { settings, secrets, credential } = await issue(sandboxUrl, name.provider);
    // All at the connection's own level: the provider itself stays free for real connections.
    await connections.put(SYSTEM, name, { settings, credential: { ...secrets, ...credential } });
  }
  return names;
}

/** A type that was just added has no provider yet; it gets one of the same name. */
async function ensureProvider(app: NestFastifyApplication, type: string): Promise<void> {
  const providers = app.get(ProviderService);
  try {
    await providers.require(type);
  } catch (error) {
    if (!isBrokerError(error, 'not_found')) {
      throw error;
    }
    await providers.put(SYSTEM, type, { type, settings: {}, secrets: {} });
  }
}

async function findConnection(
  connections: ConnectionService,
  name: ConnectionName,
): Promise<ConnectionRecord | undefined> {
  try {
    return await connections.require(name);
  } catch (error) {
    if (isBrokerError(error, 'not_found')) {
      return undefined;
    }
    throw error;
  }
}

/** Whether it still points at this sandbox, and the sandbox has not forgotten it. */
const isHealthy = ({ settings, state }: ConnectionRecord, sandboxUrl: string): boolean =>
  String(settings['base_url']).startsWith(`${sandboxUrl}/`) && (state === 'active' || state === 'paused');

async function issue(sandboxUrl: string, provider: string): Promise<Issued> {
  const answer = await fetch(`${sandboxUrl}/_sandbox/credentials`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ provider }),
  });
  if (!answer.ok) {
    throw new Error(`The sandbox issues no credential for ${provider} (HTTP ${answer.status}).`);
  }
  return (await answer.json()) as Issued;
}
