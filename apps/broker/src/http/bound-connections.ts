import type { Server } from 'node:http';

/** Open at once. An idle one costs a few kB; each needs a file descriptor (`ulimit -n`). */
const MOST_CONNECTIONS = 20_000;
const MAKE_ROOM_EVERY_MS = 1000;

/** Bounds how many connections are open. Where no more may be, those that idle after an answer are closed to make room. */
export function boundConnections(server: Server, most = MOST_CONNECTIONS): void {
  let madeRoomAt = -Infinity;
  server.maxConnections = most;
  server.on('drop', () => {
    if (performance.now() - madeRoomAt >= MAKE_ROOM_EVERY_MS) {
      madeRoomAt = performance.now();
      server.closeIdleConnections();
    }
  });
}
