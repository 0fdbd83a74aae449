import { Module } from '@nestjs/common';
import { BerbixProvider } from './berbix.provider.js';

/** The type `berbix`. */
@Module({ providers: [BerbixProvider], exports: [BerbixProvider] })
export class BerbixModule {}
