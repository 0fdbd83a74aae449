// Where the time of a cached token goes: profiles a broker under load of 64 connections and keeps the flame graph and the shares of single
// functions. Usage: npm run build && node bench/flame.mjs   (about 20 s; not part of the table)
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { keepResult } from './keep-result.mjs';
import { startBroker } from './support/broker.mjs';
import { flameGraph, shares } from './support/flame-graph.mjs';
import { load } from './support/load.mjs';
import { mappedProfile } from './support/mapped-profile.mjs';

const PATH = '/providers/klavi/token?connection=demo';
const MOST_KEPT = 60;
const PICTURE = fileURLToPath(new URL('results/tokens-flame.svg', import.meta.url));

const folder = await mkdtemp(join(tmpdir(), 'claviger-profile-'));
const file = join(folder, 'profile.json');
const broker = await startBroker({ env: { PROFILE_FILE: file }, args: ['--import', './bench/support/profiler.mjs'] });
try {
  const asked = { url: broker.url, paths: [PATH], headers: { authorization: `Bearer ${broker.admin}` } };
  await load({ ...asked, seconds: 8 });
  broker.child.kill('SIGUSR2');
  const { rate } = await load({ ...asked, seconds: 5 });
  broker.child.kill('SIGUSR2');
  await pause(2000);
  const profile = mappedProfile(JSON.parse(await readFile(file, 'utf8')));
  await writeFile(
    PICTURE,
    flameGraph(profile, `Cached tokens, ${Math.round(rate)} a second while profiled, Node ${process.version}`),
  );
  const functions = shares(profile).slice(0, MOST_KEPT);
  await keepResult('tokens-flame', { rate, functions });
  functions
    .slice(0, 25)
    .forEach((one) => process.stdout.write(`${String(one.share).padStart(6)} %  ${one.function}\n`));
  process.stdout.write(`\n${PICTURE}\n`);
} finally {
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
}
