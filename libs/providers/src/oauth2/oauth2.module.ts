import { Module } from '@nestjs/common';
import { OAuth2Provider } from './oauth2.provider.js';
import { loadPresets } from './presets.js';

/** The type `oauth2`, with the presets that lie beside it. */
@Module({
  providers: [{ provide: OAuth2Provider, useFactory: () => new OAuth2Provider(loadPresets()) }],
  exports: [OAuth2Provider],
})
export class OAuth2Module {}
