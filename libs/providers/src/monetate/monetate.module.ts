import { Module } from '@nestjs/common';
import { MonetateProvider } from './monetate.provider.js';

/** The type `monetate`. */
@Module({ providers: [MonetateProvider], exports: [MonetateProvider] })
export class MonetateModule {}
