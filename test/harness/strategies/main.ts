// A process that keeps tokens by one of the strategies: node dist/test/harness/strategies/main.js <strategy>
// GET /token?account=…&min_ttl=… answers {"access_token": "…"}, or 502 with what went wrong.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'pg';
import { advisoryLock } from './advisory-lock.js';
import { fencedLease } from './fenced-lease.js';
import { forUpdate } from './for-update.js';
import { readSendWrite } from './read-send-write.js';
import type { Strategy, StrategyName, StrategyOptions } from './strategy.js';

const MADE_BY: Readonly<Record<StrategyName, (options: StrategyOptions) => Strategy>> = {
  'read-send-write': readSendWrite,
  'for-update': forUpdate,
  'advisory-lock': advisoryLock,
  'fenced-lease': fencedLease,
};

const { DATABASE_URL, TIMEOUT_MS, LEASE_MS } = process.env;
const pool = new Pool({ connectionString: DATABASE_URL, max: 10, connectionTimeoutMillis: 5000 });
// Without a listener, an idle connection that is cut would end the process.
pool.on('error', () => undefined);
const strategy = MADE_BY[process.argv[2] as StrategyName]({
  pool,
  timeoutMs: Number(TIMEOUT_MS),
  leaseMs: Number(LEASE_MS),
});

// Whoever started it is gone.
process.stdin.once('end', () => process.exit()).resume();

const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  strategy(searchParams.get('account') ?? '', Number(searchParams.get('min_ttl'))).then(
    (token) => response.end(JSON.stringify({ access_token: token })),
    (error: unknown) => {
      response.statusCode = 502;
      response.end(JSON.stringify({ error: String(error) }));
    },
  );
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
