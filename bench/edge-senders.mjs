// A hostile sender for edge.mjs, in a process of its own and with the least priority; it goes on until its standard input ends.
// Usage: node edge-senders.mjs WAY URL [KEY]
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { Agent, request } from 'undici';

const [way, address, key] = process.argv.slice(2);
const url = new URL(address);
const DRIPPING = 500;
const BYTE_EVERY_MS = 500;
const AGAIN_AFTER_MS = 500;
const FLOOD_A_SECOND = 3000;
const BATCH_EVERY_MS = 20;
const MOST_UNDER_WAY = 64;

/** A socket that sends `head`, and then `byte` now and then; opened again when the server has had enough. */
function drip(head, byte) {
  const socket = connect(Number(url.port), url.hostname, () => socket.write(head));
  const timer = setInterval(() => socket.write(byte), BYTE_EVERY_MS);
  socket.on('error', () => {});
  socket.resume();
  socket.on('close', () => {
    clearInterval(timer);
    setTimeout(() => drip(head, byte), AGAIN_AFTER_MS);
  });
}

function dripMany(head, byte) {
  for (let index = 0; index < DRIPPING; index += 1) {
    setTimeout(() => drip(head, byte), index);
  }
}

/** So many requests a second with this key, as far as they come back. */
function flood(authorization) {
  const dispatcher = new Agent({ connections: MOST_UNDER_WAY });
  let underWay = 0;
  const ask = async () => {
    underWay += 1;
    const { body } = await request(`${url.origin}/providers`, { dispatcher, headers: { authorization } });
    await body.dump();
    underWay -= 1;
  };
  setInterval(() => {
    const batch = Math.min((FLOOD_A_SECOND * BATCH_EVERY_MS) / 1000, MOST_UNDER_WAY - underWay);
    for (let sent = 0; sent < batch; sent += 1) {
      void ask();
    }
  }, BATCH_EVERY_MS);
}

const SLOW_BODY =
  'PUT /admin/callers/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 30000\r\n\r\n{';
const WAYS = {
  headers: () => dripMany('GET /providers HTTP/1.1\r\nHost: a\r\n', 'X-Slow: a\r\n'),
  bodies: () => dripMany(SLOW_BODY, ' '),
  guesses: () => flood('Bearer guess'),
  flood: () => flood(`Bearer ${key}`),
};

setPriority(19);
WAYS[way]();
process.stdout.write('sends\n');
process.stdin.resume().once('end', () => process.exit(0));
