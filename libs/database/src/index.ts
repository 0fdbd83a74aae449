export { ChangeFeed } from './change-feed.js';
export { incrementChangeMark } from './change-mark.js';
export { DatabaseClock } from './database-clock.js';
export { Database, type Statement, type Transaction } from './database.js';
export { DatabaseModule } from './database.module.js';
export { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres.js';
export { Prisma } from './generated/client.js';
export { migrate, missingMigrations } from './migrate.js';
export { toStorageError } from './storage-error.js';
