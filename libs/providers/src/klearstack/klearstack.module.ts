import { Module } from '@nestjs/common';
import { KlearstackProvider } from './klearstack.provider.js';

/** The type `klearstack`. */
@Module({ providers: [KlearstackProvider], exports: [KlearstackProvider] })
export class KlearstackModule {}
