// One database with a million connections for all parts that want one: the first seeds it, the others find it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatKeyFile, generateKeyFile } from '../../dist/libs/crypto/src/index.js';
import { migrate, startEmbeddedPostgres } from '../../dist/libs/database/src/index.js';
import { startProvider } from './provider.mjs';
import { seedConnections, seedProvider } from './seed.mjs';

export const MILLION = 1_000_000;
/** Of the tokens, in seconds: thirty minutes. */
export const LIFETIME = 1800;
/** What is left of a token when its renewal is due. */
export const LEFT = LIFETIME / 4;
/**
 * What seeded tokens live on beyond that where the whole cycle is not run: on a slow machine the parts before take so long that they
 * would end meanwhile. Whether one would have ended shows in how late it is renewed.
 */
const SLACK = LIFETIME;
/** Seconds after the seeding in which the short form renews. */
const RENEWED_WITHIN = 600;
const PROVIDER = 'million';
/** As an operator of a million would set them (docs/operations.md, "Sizing"); the defaults are those of a small machine. */
export const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  autovacuum_vacuum_cost_delay: '0',
};

/**
 * `{ url, directory, keysFile, provider, count, seededAt, thirdParty }`: connections `c-0 … c-999999` of `provider`, whose renewals
 * fall due evenly over the thirty minutes from `seededAt` on (epoch ms), by index. `thirdParty` answers them (provider.mjs). Shared
 * by all parts of a run, and gone at its end.
 */
export function millionDatabase(context, count = MILLION) {
  const known = context.shared.get('million');
  if (known !== undefined) {
    return known;
  }
  const made = make(context, count);
  context.shared.set('million', made);
  return made;
}

/** Seconds from the seeding to the renewal of `c-<index>`. */
export const dueIn = (index, count) => (index / count) * LIFETIME;

async function make({ onEnd, progress, minutes }, count) {
  const directory = await mkdtemp(join(tmpdir(), 'claviger-million-'));
  onEnd(() => rm(directory, { recursive: true, force: true }));
  const keysFile = join(directory, 'keys.json');
  await writeFile(keysFile, formatKeyFile(generateKeyFile()), { mode: 0o600 });
  const postgres = await startEmbeddedPostgres({ directory, settings: SETTINGS });
  onEnd(() => postgres.stop());
  const thirdParty = await startProvider({ LIFETIME_SECONDS: String(LIFETIME) });
  onEnd(() => thirdParty.stop());
  const { url } = postgres;
  await migrate(url);
  await seedProvider({
    url,
    keysFile,
    name: PROVIDER,
    type: 'berbix',
    settings: { base_url: thirdParty.url },
    secrets: { api_secret: 'an-api-secret-of-the-bench' },
  });
  const seededAt = Date.now();
  const began = performance.now();
  await seedConnections({
    url,
    keysFile,
    provider: PROVIDER,
    count,
    credential: { refresh_token: 'unique' },
    lifetime: LIFETIME,
    refreshIn: (index) => dueIn(index, count),
    isRenewed: (index) => minutes !== undefined || dueIn(index, count) < RENEWED_WITHIN,
    expiresIn: (index) => dueIn(index, count) + LEFT + (minutes === undefined ? SLACK : 0),
  });
  const seconds = (performance.now() - began) / 1000;
  progress(`${count} connections seeded in ${Math.round(seconds)} s`);
  return { url, directory, keysFile, provider: PROVIDER, count, seededAt, thirdParty, seedSeconds: seconds };
}
