import { Module } from '@nestjs/common';
import { KlaviProvider } from './klavi.provider.js';

/** The type `klavi`. */
@Module({ providers: [KlaviProvider], exports: [KlaviProvider] })
export class KlaviModule {}
