// Opens so many connections to a port of this machine and holds them, silent after their first bytes, until its standard input ends; a program of its own, so
// that both ends do not share one limit of open files. Usage: node hold-sockets.js PORT COUNT [first bytes]
import { connect } from 'node:net';

const [port, count, text = ''] = process.argv.slice(2);
const AT_ONCE = 100;
const MOST_MS = 120_000;

let failed = 0;

const open = () =>
  new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.once('connect', () => {
      socket.write(text);
      resolve();
    });
    socket.once('error', () => {
      failed += 1;
      resolve();
    });
    socket.resume();
  });

let left = Number(count);
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (left > 0) {
      left -= 1;
      await open();
    }
  }),
);
process.stdout.write(`opened ${count - failed}, failed ${failed}\n`);
setTimeout(() => process.exit(1), MOST_MS).unref();
process.stdin.resume().once('end', () => process.exit(0));
