import { Config } from '@app/config';
import { Module } from '@nestjs/common';
import { AddressGuard } from './outbound/address-guard.js';
import { OutboundClient } from './outbound/outbound.client.js';
import type { Provider } from './provider.js';
import { ProviderRegistry } from './provider.registry.js';
import { PROVIDER_TYPES } from './providers.list.js';
import { RefreshExchange } from './refresh.exchange.js';

/** The registry of provider types and the one way out to them. Needs a `Config` and a `Log` from a global module. */
@Module({
  imports: PROVIDER_TYPES.map(({ module }) => module),
  providers: [
    {
      provide: ProviderRegistry,
      inject: PROVIDER_TYPES.map(({ provider }) => provider),
      useFactory: (...providers: Provider[]) => new ProviderRegistry(providers),
    },
    {
      provide: OutboundClient,
      inject: [Config],
      useFactory: (config: Config) =>
        new OutboundClient(new AddressGuard(config.outboundAllowedNetworks), { deadlineMs: config.timing.deadlineMs }),
    },
    RefreshExchange,
  ],
  exports: [ProviderRegistry, RefreshExchange],
})
export class ProvidersModule {}
