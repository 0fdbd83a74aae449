import { Injectable } from '@nestjs/common';
import {
  checkChanges,
  checkComplete,
  type ConfiguredLevel,
  mergeLevels,
  mergeSettings,
  type Provider,
  ProviderRegistry,
  type Settings,
  traitsOf,
} from '@app/providers';
import type { StoredToken } from './connection-admin.repository.js';
import type { BroughtToken, ConnectionChanges } from './connection-record.js';
import { refuse } from './fields.js';
import type { HostMark } from './hosts.js';
import { noSuchProvider } from './provider-record.js';
import type { ProvidersRepository } from './providers.repository.js';

const GROUPS = { settings: 'settings', secrets: 'credential' } as const;

type Secrets = ConfiguredLevel['secrets'];

/** A provider as connections of it are checked against: its type's rules and its own level of fields. */
export interface CheckedProvider {
  readonly type: Provider;
  readonly level: ConfiguredLevel & { readonly hosts: HostMark };
}

/** Refuses what its provider could not use, by name, before anything is stored. */
@Injectable()
export class ConnectionCheck {
  constructor(private readonly registry: ProviderRegistry) {}

  /** @throws BrokerError `not_found` where it is not configured. */
  async requireProvider(name: string, table: ProvidersRepository): Promise<CheckedProvider> {
    const level = await table.findFields(name);
    if (level === undefined) {
      throw noSuchProvider(name);
    }
    return { type: this.registry.require(level.type), level };
  }

  /** @throws BrokerError `invalid_request` naming every unknown or malformed field, those that are to be removed among them. */
  requireFields({ type }: CheckedProvider, { settings, credential, token }: ConnectionChanges): void {
    const errors = checkChanges(type, { settings, secrets: credential }, GROUPS);
    const late = token !== undefined && token.expiresAt.getTime() <= Date.now();
    refuse(late ? [...errors, { field: 'token.expires_at', message: 'must be in the future' }] : errors);
  }

  /** @throws BrokerError `invalid_request` naming every field that neither the provider nor the connection has. */
  requireComplete({ type, level }: CheckedProvider, connection: ConfiguredLevel): void {
    refuse(checkComplete(type, mergeLevels(level, connection), GROUPS));
  }

  /** True where the same is only described anew: what a refresh consumes, and can consume only once, stays as it is. */
  consumesTheSame({ type, level }: CheckedProvider, settings: Settings, before: Secrets, after: Secrets): boolean {
    const { rotation, rolling } = traitsOf(type, mergeSettings(level.settings, settings));
    const consumed = rolling === 'credential' ? 'access_token' : 'refresh_token';
    return rotation !== 'static' && before[consumed]?.reveal() === after[consumed]?.reveal();
  }

  /** A token that an operator brings, as it is stored: renewed at its type's fraction of the life that it has left. */
  storedToken(
    { type, level }: CheckedProvider,
    settings: Settings,
    token: BroughtToken | undefined,
    now: Date,
  ): StoredToken | undefined {
    if (token === undefined) {
      return undefined;
    }
    const { tokenType, refreshAt } = traitsOf(type, mergeSettings(level.settings, settings));
    const left = token.expiresAt.getTime() - now.getTime();
    return {
      sealed: { access_token: token.accessToken, token_type: tokenType, extra: {} },
      expiresAt: token.expiresAt,
      refreshAt: new Date(now.getTime() + left * refreshAt),
    };
  }
}
