import { type DynamicModule, Module } from '@nestjs/common';
import { Log } from '@app/common';

/** Makes the one Log injectable everywhere, as `@Inject(Log)`. */
@Module({})
export class LogModule {
  static with(log: Log): DynamicModule {
    return { module: LogModule, global: true, providers: [{ provide: Log, useValue: log }], exports: [Log] };
  }
}
