import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** Serves the API's description at /openapi.json and, for people, at /docs. */
export function installDocumentation(app: NestFastifyApplication): void {
  const description = new DocumentBuilder()
    .setTitle('Claviger')
    .setDescription('A centralized auth broker: fresh access tokens of third parties, one place for their credentials.')
    .setVersion('1')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'An API key (clv_…), or a token of an issuer that is trusted.',
    })
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Claviger API',
  });
}
