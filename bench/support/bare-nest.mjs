// The baseline of a start: Nest on Fastify with one controller that asks Postgres (DATABASE_URL) for `select 1`. Listens on PORT.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Pool } from 'pg';

const pool = new Pool({ connectionString: process.env.DATABASE_URL });

class ReadyController {
  async ready() {
    await pool.query('select 1');
    return { status: 'ok' };
  }
}
Get('health/ready')(
  ReadyController.prototype,
  'ready',
  Reflect.getOwnPropertyDescriptor(ReadyController.prototype, 'ready'),
);
Controller()(ReadyController);

// oxlint-disable-next-line typescript/no-extraneous-class -- a module of Nest
class BareModule {}
Module({ controllers: [ReadyController] })(BareModule);

const app = await NestFactory.create(BareModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
