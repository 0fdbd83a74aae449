/** Settings shared by the suites. @swc/jest reads .swcrc, so build and tests compile alike. */
const common = {
  rootDir: '.',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@app/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
  },
};

/** A real Postgres for the whole run, and in it a database of its own for each test file. */
const withDatabase = {
  globalSetup: '<rootDir>/test/support/start-postgres.js',
  globalTeardown: '<rootDir>/test/support/stop-postgres.js',
  testEnvironment: '<rootDir>/test/support/database-environment.js',
  // Modules of dist run as they are: the harness and the process tests use what users run.
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
};

/** @type {import('jest').Config} */
export default {
  // Two, whatever the machine: with three, a slow machine of two cores keeps processes from what they must do in time.
  maxWorkers: 2,
  // A worker keeps what each file loaded, some GB in the end, and spends a fifth of its time going through it: it is replaced before.
  workerIdleMemoryLimit: '600MB',
  // No test asserts how long something takes; on a busy machine everything takes longer.
  testTimeout: 30_000,
  coverageProvider: 'v8',
  collectCoverageFrom: [
    'apps/**/*.ts',
    'libs/**/*.ts',
    '!**/generated/**',
    '!**/*.spec.ts',
    '!**/index.ts',
    '!**/main.ts',
  ],
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,test/architecture,test/harness}/**/*.spec.ts'],
    },
    { ...common, ...withDatabase, displayName: 'medium', testMatch: ['<rootDir>/test/medium/**/*.spec.ts'] },
    { ...common, ...withDatabase, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'] },
    { ...common, ...withDatabase, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.spec.ts'] },
  ],
};
