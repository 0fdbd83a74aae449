import { Global, Module } from '@nestjs/common';
import { Clock } from '@app/common';
import { ChangeFeed } from './change-feed.js';
import { DatabaseClock } from './database-clock.js';
import { Database } from './database.js';

/** Postgres and the database's time, for every library that stores something. */
@Global()
@Module({
  providers: [Database, DatabaseClock, ChangeFeed, { provide: Clock, useExisting: DatabaseClock }],
  exports: [Database, ChangeFeed, Clock],
})
export class DatabaseModule {}
