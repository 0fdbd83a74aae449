// An open loop of token requests, for trouble.mjs: so many a second, each at its time whether those before are answered or not, and each
// latency counted from that time. Targets take turns. It does what load balancers do: what fails (a connection that breaks, 502 to 504)
// is sent once more, to the next target, while its latency goes on counting; a target that cannot be connected to is out at once, and
// back in, with its whole share, when /health/ready answers 200.
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from './numbers.mjs';
import { getRequest, now, Wire } from './wire.mjs';

const MOST_CONNECTIONS = 512;
const WITHIN_MS = 10_000;
const TICK_MS = 1;
const CHECK_EVERY_MS = 100;
const CHECK_WITHIN_MS = 1000;
const BUCKET_MS = 250;
/** Distinct names are asked for in an order that has nothing to do with theirs. */
const STEP = 7919;

/** The connections to one address; a request takes a free one, or opens one. */
class Target {
  isIn = true;
  #free = [];
  #open = 0;
  #waiting = [];

  constructor(address) {
    this.address = address;
  }

  async ask(bytes) {
    const wire = await this.#take();
    if (wire === undefined) {
      this.#leave();
      return 0;
    }
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, WITHIN_MS, { status: 0 })));
    const { status } = await Promise.race([wire.ask(bytes), late]);
    clearTimeout(timer);
    this.#giveBack(wire, status !== 0);
    return status;
  }

  /** Out, and back in when it is ready. */
  #leave() {
    if (this.isIn) {
      this.isIn = false;
      void this.#untilReady().then(() => (this.isIn = true));
    }
  }

  async #untilReady() {
    await pause(CHECK_EVERY_MS);
    if (!ending && (await this.#health()) !== 200) {
      await this.#untilReady();
    }
  }

  async #health() {
    const wire = new Wire(this.address);
    const asking = wire.opened.then((isOpen) => (isOpen ? wire.ask(READINESS) : { status: 0 }));
    const { status } = await Promise.race([asking, pause(CHECK_WITHIN_MS).then(() => ({ status: 0 }))]);
    wire.socket.destroy();
    return status;
  }

  async #take() {
    for (let wire = this.#free.pop(); wire !== undefined; wire = this.#free.pop()) {
      if (wire.isOpen) {
        return wire;
      }
      this.#open -= 1;
    }
    if (this.#open >= MOST_CONNECTIONS) {
      return new Promise((resolve) => this.#waiting.push(resolve));
    }
    this.#open += 1;
    const wire = new Wire(this.address);
    if (await wire.opened) {
      return wire;
    }
    this.#open -= 1;
    return undefined;
  }

  #giveBack(wire, isGood) {
    if (!isGood) {
      wire.socket.destroy();
      this.#open -= 1;
      this.#waiting.shift()?.(undefined);
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#free.push(wire);
    } else {
      waiting(wire);
    }
  }
}

const READINESS = getRequest('/health/ready', 'none');

let phase;
let ending = false;
const phases = [];
const underWay = new Set();
let timer;

const isGood = (status) => status >= 200 && status < 300;
const isWorthAnotherTry = (status) => status === 0 || (status >= 502 && status <= 504);

/** The target whose turn it is, of those that are in; of all, where none is. */
function targetOf(targets, turn) {
  const serving = targets.filter(({ isIn }) => isIn);
  const from = serving.length > 0 ? serving : targets;
  return from[turn % from.length];
}

async function send(targets, turn, bytes, intendedAt) {
  const into = phase;
  const target = targetOf(targets, turn);
  let status = await target.ask(bytes);
  if (!isGood(status)) {
    into.failedFirst[status] = (into.failedFirst[status] ?? 0) + 1;
    if (isWorthAnotherTry(status)) {
      const others = targets.filter((each) => each !== target);
      status = await targetOf(others, turn).ask(bytes);
    }
  }
  if (!isGood(status)) {
    into.failed[status] = (into.failed[status] ?? 0) + 1;
  }
  into.latencies.push(now() - intendedAt);
  into.times.push(intendedAt);
}

/** What is sent from now on belongs to the phase of this name. */
function enter({ name }) {
  phase = { name, beganAt: now(), latencies: [], times: [], failedFirst: {}, failed: {} };
  phases.push(phase);
  return {};
}

function begin({ addresses, rate, paths, key }) {
  const targets = addresses.map((address) => new Target(address));
  const requests = paths.map((path) => getRequest(path, key));
  const beganAt = now();
  let sent = 0;
  enter({ name: 'begin' });
  timer = setInterval(() => {
    for (const due = Math.floor(((now() - beganAt) * rate) / 1000); sent < due; sent += 1) {
      const asking = send(targets, sent, requests[(sent * STEP) % requests.length], beganAt + (sent * 1000) / rate);
      underWay.add(asking);
      void asking.finally(() => underWay.delete(asking));
    }
  }, TICK_MS);
  return {};
}

/** The worst of every quarter of a second: where in a phase it was bad. */
function worstOf({ latencies, times, beganAt }) {
  const worst = [];
  times.forEach((at, index) => {
    const place = Math.max(0, Math.floor((at - beganAt) / BUCKET_MS));
    worst[place] = Math.max(worst[place] ?? 0, Math.round(latencies[index]));
  });
  return Array.from(worst, (ms) => ms ?? 0);
}

/** Sends no more, waits for what is under way, and answers what became of each phase; times in milliseconds. */
async function end() {
  ending = true;
  clearInterval(timer);
  await Promise.all(underWay);
  return phases.map((each) => {
    const { name, latencies, failedFirst, failed } = each;
    const sorted = latencies.toSorted((one, other) => one - other);
    const [p50, p99, p999] = [0.5, 0.99, 0.999].map((part) => quantile(sorted, part));
    return {
      name,
      requests: sorted.length,
      p50,
      p99,
      p999,
      max: sorted.at(-1),
      failedFirst,
      failed,
      worst: worstOf(each),
    };
  });
}

const COMMANDS = { begin, enter, end };

process.on('message', async ({ what, ...parts }) => process.send(await COMMANDS[what](parts)));
process.on('disconnect', () => process.exit(0));
