import { Module } from '@nestjs/common';
import { OnmetaProvider } from './onmeta.provider.js';

/** The type `onmeta`. */
@Module({ providers: [OnmetaProvider], exports: [OnmetaProvider] })
export class OnmetaModule {}
