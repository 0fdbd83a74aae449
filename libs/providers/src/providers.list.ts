import type { Type } from '@nestjs/common';
import { BerbixModule } from './berbix/berbix.module.js';
import { BerbixProvider } from './berbix/berbix.provider.js';
import { KlaviModule } from './klavi/klavi.module.js';
import { KlaviProvider } from './klavi/klavi.provider.js';
import { KlearstackModule } from './klearstack/klearstack.module.js';
import { KlearstackProvider } from './klearstack/klearstack.provider.js';
import { MonetateModule } from './monetate/monetate.module.js';
import { MonetateProvider } from './monetate/monetate.provider.js';
import { OAuth2Module } from './oauth2/oauth2.module.js';
import { OAuth2Provider } from './oauth2/oauth2.provider.js';
import { OnmetaModule } from './onmeta/onmeta.module.js';
import { OnmetaProvider } from './onmeta/onmeta.provider.js';
import type { Provider } from './provider.js';

/** A type's module and the provider that it exports. */
export interface ProviderType {
  readonly module: Type<unknown>;
  readonly provider: Type<Provider>;
}

/** Every type, one line each: adding a provider is a folder beside this file and a line here. */
export const PROVIDER_TYPES: readonly ProviderType[] = [
  { module: BerbixModule, provider: BerbixProvider },
  { module: KlaviModule, provider: KlaviProvider },
  { module: KlearstackModule, provider: KlearstackProvider },
  { module: MonetateModule, provider: MonetateProvider },
  { module: OAuth2Module, provider: OAuth2Provider },
  { module: OnmetaModule, provider: OnmetaProvider },
];
