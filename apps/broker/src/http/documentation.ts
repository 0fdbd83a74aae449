import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describeProblems } from './described-problems.js';
import { describeAll } from './documented.js';

/** What the page loads of swagger-ui-dist, and as what. */
const PARTS = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'application/javascript',
  'favicon-32x32.png': 'image/png',
} as const;

const SHOW =
  "SwaggerUIBundle({ url: new URL('../openapi.json', document.currentScript.src).href, dom_id: '#api', deepLinking: true });";

/**
 * Serves the API's description at /openapi.json and, for people, at /docs. It is composed when it is first asked for: a broker
 * that nobody asks neither loads what composes it nor holds it.
 */
export function installDocumentation(app: NestFastifyApplication, instance: FastifyInstance): void {
  let description: Promise<string> | undefined;
  instance.get('/openapi.json', async (_, reply) => {
    description ??= describe(app).catch((error: unknown) => {
      description = undefined;
      throw error;
    });
    return reply.type('application/json; charset=utf-8').send(await description);
  });
  for (const [path, folder] of [
    ['/docs', 'docs/'],
    ['/docs/', ''],
    ['/docs/index.html', ''],
  ] as const) {
    instance.get(path, (_, reply) => reply.type('text/html; charset=utf-8').send(pageOf(folder)));
  }
  const parts = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  for (const [name, type] of Object.entries(PARTS)) {
    instance.get(`/docs/${name}`, async (_, reply) => reply.type(type).send(await readFile(join(parts, name))));
  }
  instance.get('/docs/show.js', (_, reply) => reply.type('application/javascript').send(SHOW));
}

async function describe(app: NestFastifyApplication): Promise<string> {
  const swagger = await import('@nestjs/swagger');
  describeAll(swagger);
  const description = new swagger.DocumentBuilder()
    .setTitle('Claviger')
    .setDescription('A centralized auth broker: fresh access tokens of third parties, one place for their credentials.')
    .setVersion('1')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'An API key (clv_…), or a token of an issuer that is trusted.',
    })
    .build();
  return JSON.stringify(describeProblems(swagger.SwaggerModule.createDocument(app, description)));
}

/** The page for people, whose parts are in `folder` as seen from its own address. */
const pageOf = (folder: string): string => `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Claviger API</title>
    <link rel="stylesheet" href="${folder}swagger-ui.css" />
    <link rel="icon" type="image/png" href="${folder}favicon-32x32.png" />
  </head>
  <body>
    <div id="api"></div>
    <script src="${folder}swagger-ui-bundle.js"></script>
    <script src="${folder}show.js"></script>
  </body>
</html>
`;
