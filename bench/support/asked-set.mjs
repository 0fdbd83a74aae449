// One of the sets of connections that are asked for, with a broker of its own and its own draws: fills its cache, warms up, makes rounds.
import { ofRank, randomFrom, uniform, zipf } from './access.mjs';
import { load } from './load.mjs';

/** What a cache of one MB holds of these connections, and not one less. */
const HELD_A_MB = 1200;
export const ACCESS = { Zipf: zipf, uniform };
export const SENDERS = 64;
/** While caches are filled; what is asked for together is read together. */
const FILLERS = 256;
const FILL_SECONDS = 10;
/** More than are asked for in that time. */
const PATHS_A_FILL = 150_000;
/** Asked for in a second before it is known; a load that lasts too long asks for the same again. */
const EXPECTED_RATE = 10_000;
/** Of a round. */
export const SECONDS = 1;
/** More than one round asks for. */
const PATHS_A_ROUND = 30_000;
const LONGEST_WARM_UP = 3;
/** The cache is as full as it gets once it grows by less than this while it is asked. */
const GROWS = 1.02;
const SEED = 20_261_129;

/** A number of /metrics: the sum over all labels that contain `labels`. */
async function metric(broker, name, labels = '') {
  const text = await (await fetch(`${broker.url}/metrics`)).text();
  const lines = text.split('\n').filter((one) => one.startsWith(name) && one.includes(labels));
  return lines.reduce((sum, one) => sum + Number(one.split(' ').at(-1)), 0);
}

/** How often a broker looked into its token cache so far. */
export const lookups = async (broker) => ({
  hits: await metric(broker, 'claviger_cache_lookups_total', 'result="hit"'),
  misses: await metric(broker, 'claviger_cache_lookups_total', 'result="miss"'),
});

/** One set of connections with its own broker and its own draws. */
export class AskedSet {
  runs = [];

  constructor({ broker, size, cacheMb }, access, pathOf) {
    this.broker = broker;
    this.size = size;
    this.access = access;
    this.pathOf = pathOf;
    this.fits = Math.min(size, cacheMb * HELD_A_MB);
    const draw = ACCESS[access](size, randomFrom(SEED + size));
    this.paths = () => Array.from({ length: PATHS_A_ROUND }, () => pathOf(draw()));
  }

  load(seconds, paths = this.paths(), connections = SENDERS) {
    const headers = { authorization: `Bearer ${this.broker.admin}` };
    return load({ url: this.broker.url, paths, headers, connections, seconds });
  }

  /** Asks once for the most wanted that fit, as they lie in the table: with draws alone this would take many minutes. */
  async fill(progress) {
    const wanted = Uint32Array.from({ length: this.fits }, (_, rank) => ofRank(rank, this.size)).toSorted();
    let expected = EXPECTED_RATE;
    for (let left = this.fits; left > 0;) {
      const count = Math.min(left, PATHS_A_FILL);
      const paths = Array.from(wanted.subarray(left - count, left), this.pathOf).toReversed();
      const seconds = Math.min(FILL_SECONDS, Math.ceil(count / expected));
      const { total, rate } = await this.load(seconds, paths, FILLERS);
      expected = rate;
      left -= Math.min(total, count);
      progress(`${this.size} connections: ${left} of ${this.fits} to be filled in`);
    }
  }

  /** Asks until the cache grows no more, but not for long: where it is not full yet, more will be missed than later on. */
  async warmUp(progress) {
    let held = await metric(this.broker, 'claviger_cache_entries');
    let before = -1;
    for (let asked = 0; asked < LONGEST_WARM_UP && held > before * GROWS; asked += SECONDS) {
      before = held;
      await this.load(SECONDS);
      held = await metric(this.broker, 'claviger_cache_entries');
    }
    progress(`${this.size} connections, ${this.access}: ${held} held`);
  }

  async round() {
    this.runs.push(await this.measure());
  }

  /** One round, which is not kept. */
  async measure() {
    const [before, cpu] = [await lookups(this.broker), await this.broker.cpuSeconds()];
    const result = await this.load(SECONDS);
    const after = await lookups(this.broker);
    const used = (await this.broker.cpuSeconds()) - cpu;
    const [hits, misses] = [after.hits - before.hits, after.misses - before.misses];
    const rss = await this.broker.rssBytes();
    return { ...result, hitRate: hits / (hits + misses), cpuMicros: (used / result.total) * 1e6, rss };
  }
}
