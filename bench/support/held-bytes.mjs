// How much memory a connection takes in the cache of tokens: reads many of them as the broker does, holds them, and looks at the heap.
// Prints JSON. Usage: node --expose-gc bench/support/held-bytes.mjs <database url> <key file> <provider>
import { TIMING } from '../../dist/libs/config/src/index.js';
import { ConnectionsRepository } from '../../dist/libs/connections/src/index.js';
import { Secret } from '../../dist/libs/common/src/index.js';
import { Envelopes, Fingerprints, loadKeyring } from '../../dist/libs/crypto/src/index.js';
import { Database } from '../../dist/libs/database/src/index.js';
import { ProviderRegistry } from '../../dist/libs/providers/src/index.js';
import { BerbixProvider } from '../../dist/libs/providers/src/berbix/berbix.provider.js';
import { TokenCache } from '../../dist/libs/tokens/src/token.cache.js';

const COUNT = 50_000;
const AT_ONCE = 500;

const [url, keysFile, provider] = process.argv.slice(2);
const keyring = loadKeyring(keysFile);
const database = new Database({ databaseUrl: new Secret(url) });
const connections = new ConnectionsRepository(
  database,
  new Envelopes(keyring),
  new Fingerprints(keyring),
  new ProviderRegistry([new BerbixProvider()]),
  { timing: TIMING },
);
const feed = { onChange: () => undefined, onRenewed: () => undefined, isCurrent: () => true };
const cache = new TokenCache(feed, { tokenCacheMb: 1000 });

const heap = () => {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};

const [first] = await hold(0, 1);
const before = heap();
for (let from = 1; from <= COUNT; from += AT_ONCE) {
  await hold(from, AT_ONCE);
}
const bytes = Math.round((heap() - before) / COUNT);
process.stdout.write(
  JSON.stringify({ bytes, counted: first.heldBytes, token: first.token.accessToken.reveal().length }),
);
await database.close();

async function hold(from, count) {
  const names = Array.from({ length: count }, (_, index) => ({ provider, connection: `c-${from + index}` }));
  const found = await Promise.all(names.map((name) => connections.find(name)));
  found.forEach((connection) => cache.put(connection, cache.epoch));
  return found;
}
