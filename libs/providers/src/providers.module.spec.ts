import { describe, expect, it } from '@jest/globals';
import { createLog, Log } from '@app/common';
import { Config, TIMING } from '@app/config';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ProviderRegistry } from './provider.registry.js';
import { PROVIDER_TYPES } from './providers.list.js';
import { ProvidersModule } from './providers.module.js';
import { OnmetaProvider } from './onmeta/onmeta.provider.js';
import { RefreshExchange } from './refresh.exchange.js';

@Module({})
class GlobalRoom {}

const start = (outboundAllowedNetworks: readonly string[]) =>
  Test.createTestingModule({
    imports: [
      {
        module: GlobalRoom,
        global: true,
        providers: [
          { provide: Config, useValue: { outboundAllowedNetworks, timing: TIMING } },
          { provide: Log, useValue: createLog('silent') },
        ],
        exports: [Config, Log],
      },
      ProvidersModule,
    ],
  }).compile();

describe(ProvidersModule.name, () => {
  it('should register every type', async () => {
    const sut = await start([]);
    const registry = sut.get(ProviderRegistry);

    const types = registry.all().map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['berbix', 'klavi', 'klearstack', 'monetate', 'onmeta']));
    expect(types).toHaveLength(PROVIDER_TYPES.length);
    expect(registry.require('klavi')).toBe(registry.find('klavi'));
    expect(sut.get(RefreshExchange)).toBeInstanceOf(RefreshExchange);
  });

  it('should refuse networks that are none', async () => {
    await expect(start(['everywhere'])).rejects.toThrow('"everywhere" is not a network');
  });
});

describe(ProviderRegistry.name, () => {
  it('should name the types that there are when one is not among them', () => {
    const sut = new ProviderRegistry([new OnmetaProvider()]);

    expect(sut.find('other')).toBeUndefined();
    expect(sut.find('__proto__')).toBeUndefined();
    expect(() => sut.require('other')).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: 'type: must be one of: onmeta' }),
    );
  });

  it('should refuse two providers of one name', () => {
    expect(() => new ProviderRegistry([new OnmetaProvider(), new OnmetaProvider()])).toThrow('the same name');
  });
});
