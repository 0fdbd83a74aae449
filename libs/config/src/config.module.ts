import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule as NestConfigModule, registerAs } from '@nestjs/config';
import { Config } from './config.js';

/** Makes the one validated Config injectable everywhere, as `@Inject(Config)`. */
@Module({})
export class ConfigModule {
  static with(config: Config): DynamicModule {
    const namespace = registerAs('claviger', () => config);
    return {
      module: ConfigModule,
      global: true,
      imports: [NestConfigModule.forRoot({ ignoreEnvFile: true, ignoreEnvVars: true, load: [namespace] })],
      providers: [{ provide: Config, useExisting: namespace.KEY }],
      exports: [Config],
    };
  }
}
