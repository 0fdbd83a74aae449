import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Log } from '@app/common';
import type { Config } from '@app/config';
import { AppModule } from './app.module.js';
import { Draining } from './health/draining.js';
import { Admission, installAdmission } from './http/admission.js';
import { serveBefore } from './http/before-framework.js';
import { installDocumentation } from './http/documentation.js';
import { installEdge } from './http/edge.js';
import { createInstance } from './http/instance.js';
import { nestLogger } from './http/nest.logger.js';
import { watchRoutes } from './http/other-methods.js';
import { Overload } from './limits/overload.js';
import { DirectTokens } from './token/direct.tokens.js';

/** The whole broker, wired and not yet listening. The database must be migrated. */
export async function createApp(config: Config, log: Log): Promise<NestFastifyApplication> {
  const instance = createInstance(log, config.trustedProxies);
  const refuseOtherMethods = watchRoutes(instance, log);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(config, log),
    // The declared type of Nest's adapter names its own copy of Fastify's types.
    new FastifyAdapter(instance as unknown as ConstructorParameters<typeof FastifyAdapter>[0]),
    { logger: nestLogger(log), abortOnError: false, bodyParser: false },
  );
  installEdge(instance, { draining: app.get(Draining), overload: app.get(Overload) }, log);
  installAdmission(instance, app.get(Admission));
  const direct = app.get(DirectTokens);
  serveBefore(instance.server, (request, response) => direct.serve(request, response));
  installDocumentation(app, instance);
  await app.init();
  refuseOtherMethods();
  return app;
}
