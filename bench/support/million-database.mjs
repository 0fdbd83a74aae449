// A database of a million connections, made once for all parts of a run that want it and removed at the end of the run.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatKeyFile, generateKeyFile } from '../../dist/libs/crypto/src/index.js';
import { withPostgres } from './postgres.mjs';
import { bytesPerConnection, seedConnections, seedProvider } from './seed.mjs';

const MILLION = 1_000_000;
const PROVIDER = 'bench';
/** Nothing is due while it is measured. */
const LIFETIME_SECONDS = 30 * 86_400;

/**
 * Resolves with `{ url, dataDir, keysFile, provider, bytes }`: `c-0 … c-999999` of one provider, each with a token of thirty days. `dataDir`
 * is for brokers of this database: its key file is in it.
 */
export function millionConnections(context) {
  if (!context.shared.has('million')) {
    context.shared.set('million', make(context));
  }
  return context.shared.get('million');
}

async function make({ progress, onEnd }) {
  const dataDir = await mkdtemp(join(tmpdir(), 'claviger-million-'));
  const keysFile = join(dataDir, 'keys.json');
  await writeFile(keysFile, formatKeyFile(generateKeyFile()), { mode: 0o600 });
  const { url, end } = await held();
  onEnd(async () => {
    await end();
    await rm(dataDir, { recursive: true, force: true });
  });
  await seedProvider({ url, keysFile, name: PROVIDER, type: 'klavi', settings: {}, secrets: {} });
  let told = 0;
  await seedConnections({
    url,
    keysFile,
    provider: PROVIDER,
    count: MILLION,
    lifetime: LIFETIME_SECONDS,
    progress: (count) => {
      if (count - told >= MILLION / 5) {
        told = count;
        progress(`${count} connections are stored`);
      }
    },
  });
  return { url, dataDir, keysFile, provider: PROVIDER, bytes: await bytesPerConnection(url) };
}

/** A database that is there until `end`. */
function held() {
  return new Promise((resolve, reject) => {
    let stop;
    const stopped = new Promise((ended) => (stop = ended));
    const gone = withPostgres(({ url }) => {
      resolve({
        url,
        end: () => {
          stop();
          return gone;
        },
      });
      return stopped;
    });
    gone.catch(reject);
  });
}
