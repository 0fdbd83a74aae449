import { createLog, Log, revealAll, toSecrets } from '@app/common';
import { Config, TIMING } from '@app/config';
import {
  type EffectiveCredential,
  type Grant,
  mergeLevels,
  type Outcome,
  type Provider,
  ProviderRegistry,
  ProvidersModule,
  RefreshExchange,
} from '@app/providers';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Fault, IssuedCredential, IssueOptions, Sandbox } from '../../apps/sandbox/src/index.js';

@Module({})
class GlobalRoom {}

const globals = {
  module: GlobalRoom,
  global: true,
  providers: [
    { provide: Config, useValue: { outboundAllowedNetworks: ['127.0.0.0/8'], timing: TIMING } },
    { provide: Log, useValue: createLog('silent') },
  ],
  exports: [Config, Log],
};

/** The type `oauth2` and the way out to providers, as the broker has them. */
export interface OAuth2Room {
  readonly provider: Provider;
  readonly exchange: RefreshExchange;
}

/** Builds the module that the broker uses, allowed to reach this machine. */
export async function openOAuth2Room(): Promise<OAuth2Room> {
  const app = await Test.createTestingModule({ imports: [globals, ProvidersModule] }).compile();
  return { provider: app.get(ProviderRegistry).require('oauth2'), exchange: app.get(RefreshExchange) };
}

/** What was issued, as a provider and a connection of the broker hold it together. */
export function effectiveOf({ settings, secrets, credential }: IssuedCredential): EffectiveCredential {
  return mergeLevels({ settings, secrets: toSecrets(secrets) }, { settings: {}, secrets: toSecrets(credential) });
}

/** The credential that is held once a grant is adopted: what did not come back is kept. */
export const adopted = (issued: IssuedCredential, { credential }: Grant): IssuedCredential => ({
  ...issued,
  credential: { ...issued.credential, ...revealAll(credential) },
});

/**
 * The grant of an outcome.
 * @throws Error that says what became of it instead
 */
export function grantOf(outcome: Outcome): Grant {
  if (outcome.kind !== 'ok') {
    throw new Error(`${outcome.kind}: ${outcome.reason} (${outcome.status})`);
  }
  return outcome.grant;
}

/** A preset at a sandbox: credentials of it, and refreshes over HTTP by the type `oauth2`. */
export class PresetAtSandbox {
  constructor(
    private readonly room: OAuth2Room,
    private readonly sandbox: Sandbox,
    private readonly preset: string,
  ) {}

  issue(options: IssueOptions = {}): Promise<IssuedCredential> {
    return this.sandbox.issue(this.preset, options);
  }

  /** One refresh, which meets the fault if there is one. */
  async refresh(issued: IssuedCredential, fault?: Fault): Promise<Outcome> {
    if (fault) {
      this.sandbox.fault(this.preset, fault);
    }
    const options = { now: Date.now(), deadlineMs: 5_000 };
    return (await this.room.exchange.send(this.room.provider, 'refresh', effectiveOf(issued), options)).outcome;
  }
}
