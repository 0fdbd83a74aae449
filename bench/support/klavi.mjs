// A provider of the type klavi at will: answers after a while with tokens of any lifetime, or accepts and never answers; counts.
import { once } from 'node:events';
import { createServer } from 'node:http';

/** Starts one. `delayMs`, `expiresIn` (seconds) and `silent` may be changed at any time; `answeredAt` is the epoch ms of its last answer. */
export async function startKlavi({ delayMs = 0, expiresIn = 1800, silent = false } = {}) {
  const provider = { delayMs, expiresIn, silent, requests: 0, answeredAt: undefined };
  let issued = 0;
  const server = createServer((_request, response) => {
    provider.requests += 1;
    if (provider.silent) {
      return;
    }
    setTimeout(() => {
      issued += 1;
      response.setHeader('content-type', 'application/json');
      // As long as those that Klavi issues.
      const accessToken = `bench-${issued}-`.padEnd(700, 'x');
      response.end(JSON.stringify({ accessToken, expireIn: provider.expiresIn }));
      provider.answeredAt = performance.timeOrigin + performance.now();
    }, provider.delayMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  provider.url = `http://127.0.0.1:${server.address().port}`;
  provider.stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return provider;
}
