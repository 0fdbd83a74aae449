// Seals connections and copies them into the table, a share at a time, for seed.mjs.
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { Secret } from '../../dist/libs/common/src/index.js';
import { Envelopes, loadKeyring } from '../../dist/libs/crypto/src/index.js';
import { sealFields, sealToken } from '../../dist/libs/connections/src/sealing.js';
import { CopyIn } from './copy-in.mjs';
import { tokenOf } from './seed.mjs';

/** A bytea in the text form of COPY. */
const bytes = (buffer) => String.raw`\\x${buffer.toString('hex')}`;

const BATCH = 500;
const HOUR_MS = 3_600_000;
const COLUMNS = `id, provider, name, credential, credential_fields, credential_updated_at, token, token_issued_at, token_expires_at,
  token_lifetime_seconds, refresh_at, updated_at, created_at, last_used_at, last_outcome`;

let job;
let envelopes;
let client;
/** The sealed credential that all hold which nobody opens. */
let copied;

async function begin(message) {
  job = message;
  envelopes = new Envelopes(loadKeyring(job.keysFile));
  client = new Client({ connectionString: job.url });
  await client.connect();
  // The provider is there: a look for it with every row would take longer than the row.
  await client.query("set session_replication_role = 'replica'");
  await client.query("set synchronous_commit = 'off'");
}

async function credentialOf(index, place) {
  const meant = { token: tokenOf(index), unique: `${job.seed}-${index}` };
  const fields = Object.entries(job.credential).map(([name, value]) => [name, new Secret(meant[value] ?? value)]);
  return bytes(await sealFields(envelopes, place, Object.fromEntries(fields)));
}

/** A line of COPY's text format: none of what is written here needs an escape. */
async function lineOf(index, refreshAt, expiresAt, isRenewed) {
  const id = randomUUID();
  const place = { table: 'connections', row: id, generation: 1 };
  const access_token = tokenOf(index);
  const credential = isRenewed ? await credentialOf(index, place) : await (copied ??= credentialOf(index, place));
  const token = await sealToken(envelopes, place, { access_token, token_type: 'Bearer', extra: {} });
  const names = `{${Object.keys(job.credential).join(',')}}`;
  // What is due at the end of a long stretch would be issued in the time to come, and told as news by every look for changes.
  const issuedAt = Math.min(expiresAt - job.lifetime * 1000, Date.now());
  // A broker that starts opens the credential that was changed last: none of those, however long the seeding takes.
  const changedAt = isRenewed ? issuedAt : job.now - HOUR_MS;
  const [issued, changed, refresh, expiry] = [issuedAt, changedAt, refreshAt, expiresAt].map((ms) =>
    new Date(ms).toISOString(),
  );
  return `${[id, job.provider, `c-${index}`, credential, names, issued, bytes(token), issued, expiry, job.lifetime, refresh, changed, issued, issued, 'ok'].join('\t')}\n`;
}

async function* linesOf({ first, refreshAt, expiresAt, isRenewed }) {
  for (let start = 0; start < refreshAt.length; start += BATCH) {
    const places = refreshAt.slice(start, start + BATCH).map((_, offset) => start + offset);
    const lines = await Promise.all(
      places.map((place) => lineOf(first + place, refreshAt[place], expiresAt[place], isRenewed[place])),
    );
    yield Buffer.from(lines.join(''));
  }
}

process.on('message', (message) => {
  const step =
    job === undefined
      ? begin(message)
      : CopyIn.run(client, `copy connections (${COLUMNS}) from stdin`, linesOf(message));
  step.then(
    () => process.send('done'),
    (error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => void client?.end());
