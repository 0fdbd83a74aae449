// The callers of a herd, for herd.mjs: holds so many sockets open, writes the same request to all of them at once, and tells when the
// answers came.
import { getRequest, now, Wire } from './wire.mjs';

/** A backlog holds only so many. */
const CONNECT_AT_ONCE = 200;
const WITHIN_MS = 30_000;

let members = [];

/** Opens what is missing. */
async function open({ host, port, count }) {
  members = members.filter(({ isOpen }) => isOpen);
  while (members.length < count) {
    const missing = Math.min(CONNECT_AT_ONCE, count - members.length);
    const wave = Array.from({ length: missing }, () => new Wire({ host, port }));
    await Promise.all(wave.map(({ opened }) => opened));
    const opened = wave.filter(({ isOpen }) => isOpen);
    if (opened.length === 0) {
      break;
    }
    members.push(...opened);
  }
  return { opened: members.length };
}

async function fire({ path, key }) {
  const bytes = getRequest(path, key);
  const firstSentAt = now();
  const asked = members.map((member) => member.ask(bytes));
  const allSentAt = now();
  const tooLate = new Promise((resolve) => setTimeout(resolve, WITHIN_MS, []).unref());
  const answers = await Promise.race([Promise.all(asked), tooLate]);
  const statuses = {};
  for (const { status } of answers) {
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  const times = answers.map(({ at }) => at).toSorted((one, other) => one - other);
  const medianAt = times[Math.floor(times.length / 2)];
  return { firstSentAt, allSentAt, firstAt: times[0], medianAt, lastAt: times.at(-1), statuses };
}

const COMMANDS = { open, fire };

process.on('message', async ({ what, ...parts }) => process.send(await COMMANDS[what](parts)));
process.on('disconnect', () => process.exit(0));
