import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inPackage } from '@app/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import { readMigrations } from './migrate.js';

/** Which tables the engine looks at: all. */
const FILTERS = { externalTables: [], externalEnums: [] };

/** PrismaPg splits a script at every ';' and so breaks function bodies ($$ … $$); Postgres itself takes the script whole. */
class WholeScripts extends PrismaPg {
  override async connect(): ReturnType<PrismaPg['connect']> {
    const connection = await super.connect();
    connection.executeScript = async (script) => void (await connection.underlyingDriver().query(script));
    return connection;
  }
}

/** Prisma's own schema engine as WebAssembly: the same checks and the same table as `prisma migrate deploy`, no native binary. */
export interface SchemaEngine {
  /** Applies what is missing and names it. */
  apply(): Promise<readonly string[]>;
  /** The SQL that schema.prisma means, from an empty database. */
  scriptOfSchema(): Promise<string>;
}

/** A schema engine on the database of `url`. It keeps its connections: use it in a process or worker that ends. */
export async function openSchemaEngine(url: string): Promise<SchemaEngine> {
  instantiate();
  const schema = readFileSync(inPackage('prisma', 'schema.prisma'), 'utf8');
  const adapter = bindMigrationAwareSqlAdapterFactory(new WholeScripts({ connectionString: url, max: 2 }));
  const engine = await glue.SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => undefined, adapter);
  return {
    apply: async () => {
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList: listed(), filters: FILTERS });
      return appliedMigrationNames;
    },
    scriptOfSchema: async () => {
      const { stdout } = await engine.diff({
        from: { tag: 'empty' },
        to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: schema }] },
        script: true,
        exitCode: null,
        filters: FILTERS,
      });
      return stdout ?? '';
    },
  };
}

function instantiate(): void {
  const file = createRequire(import.meta.url)
    .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
    .replace(/\.js$/, '.wasm');
  const wasm = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), {
    './schema_engine_bg.js': { ...glue },
  });
  // oxlint-disable-next-line no-underscore-dangle -- the name that wasm-bindgen generates
  glue.__wbg_set_wasm(wasm.exports);
  (wasm.exports['__wbindgen_start'] as () => void)();
}

const listed = (): glue.MigrationList => ({
  baseDir: 'prisma/migrations',
  lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
  shadowDbInitScript: '',
  migrationDirectories: readMigrations().map(({ name, script }) => ({
    path: name,
    migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
  })),
});
