// Records what this version asks of the database, and what it finds there, as the file that test/medium/rolling-deploy.spec.ts
// holds the next version's schema against. To be run when a version is released: npm run statements:record   (some minutes)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate, startEmbeddedPostgres } from '../../../dist/libs/database/src/index.js';
import { readShape } from './shape.js';

const { version } = createRequire(import.meta.url)('../../../package.json');
const FILE = new URL('recorded.json', import.meta.url);

/** Everything with the real database; the pools of the product carry its name, tests that ask for themselves do not. */
const SUITES = ['medium', 'e2e'];
const OF_THE_PRODUCT = /^claviger-(?:requests|adoption|audit)$/;
const ASKED = /^(?:statement|execute [^:]*): ([\s\S]*)$/;
/** What can be prepared; `begin`, `listen` and the like mean the same under any schema. */
const PREPARABLE = /^\s*(?:select|insert|update|delete|with|merge)\b/i;

const inOneLine = (text) => text.trim().replaceAll(/\s+/g, ' ');

/** Tests that ask by way of the product's own pools; the product asks one thing at a time. */
async function isOfTests() {
  const root = new URL('../../', import.meta.url);
  const names = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, root), 'utf8')));
  const tests = inOneLine(texts.join(' '));
  return (statement) => statement.includes(';') || tests.includes(statement);
}

async function runTests(folder) {
  const options = ['--selectProjects', ...SUITES, '--maxWorkers=1', '--silent', ...process.argv.slice(2)];
  const env = { ...process.env, RECORD_STATEMENTS: folder };
  const child = spawn('npm', ['run', '--silent', 'jest', '--', ...options], { env, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) {
    process.stderr.write('Tests failed: what they would have asked may be missing from the record.\n');
    process.exitCode = 1;
  }
}

async function statementsIn(folder) {
  const found = new Set();
  const isForeign = await isOfTests();
  for (const name of (await readdir(folder)).filter((each) => each.endsWith('.json'))) {
    for (const line of (await readFile(join(folder, name), 'utf8')).split('\n').filter(Boolean)) {
      const { application_name: application = '', message = '' } = JSON.parse(line);
      const [, statement = ''] = ASKED.exec(message) ?? [];
      if (OF_THE_PRODUCT.test(application) && PREPARABLE.test(statement)) {
        found.add(inOneLine(statement));
      }
    }
  }
  return [...found].filter((statement) => !isForeign(statement)).toSorted();
}

async function shapeOfSchema() {
  const directory = await mkdtemp(join(tmpdir(), 'claviger-shape-'));
  const postgres = await startEmbeddedPostgres({ directory });
  const client = new Client({ connectionString: postgres.url });
  try {
    await migrate(postgres.url);
    await client.connect();
    return await readShape(client);
  } finally {
    await client.end();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

const folder = await mkdtemp(join(tmpdir(), 'claviger-statements-'));
// Where this runs as root the server does not.
await chmod(folder, 0o777);
try {
  await runTests(folder);
  const statements = await statementsIn(folder);
  const recorded = { version, ...(await shapeOfSchema()), statements };
  await writeFile(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
  process.stdout.write(`${statements.length} statements of version ${version} were recorded.\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
