// A closed loop of requests over keep-alive connections, from a process of its own: wrk where it is installed, as it takes least of
// the machine, else autocannon. The paths are asked for in turn.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const AUTOCANNON = fileURLToPath(new URL('autocannon.mjs', import.meta.url));

/** The name of the program that makes the load here. */
export const generator = await execute('wrk', ['--version']).then(
  () => 'wrk',
  // wrk says its version and ends with 1.
  (error) => (error.code === 1 ? 'wrk' : 'autocannon'),
);

/**
 * Asks `url` + each of `paths` with `headers` over so many connections for so many seconds. Rates are answers a second, times
 * milliseconds; `failed` counts what was not 2xx, broken connections and time-outs.
 */
export async function load({ url, paths, headers = {}, connections = 64, seconds = 3 }) {
  const folder = await mkdtemp(join(tmpdir(), 'claviger-load-'));
  try {
    const byGenerator = generator === 'wrk' ? byWrk : byAutocannon;
    return await byGenerator({ url, paths, headers, connections, seconds, folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function byWrk({ url, paths, headers, connections, seconds, folder }) {
  const script = join(folder, 'load.lua');
  const list = join(folder, 'paths');
  await writeFile(list, paths.join('\n'));
  await writeFile(script, luaOf(list, headers));
  const options = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', script];
  const { stdout } = await execute('wrk', [...options, url], { maxBuffer: 1e7 });
  return JSON.parse(stdout.slice(stdout.indexOf('{"rate"')));
}

/** Requests are made before the time runs: the load shares its cores with what it asks. Quoting: JSON's strings are strings of Lua, for what headers and paths hold. */
const luaOf = (list, headers) => `
${Object.entries(headers)
  .map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
  .join('\n')}
local made, at = {}, 0
function init()
  for path in io.lines(${JSON.stringify(list)}) do made[#made + 1] = wrk.format("GET", path) end
end
function request()
  at = at % #made + 1
  return made[at]
end
function done(summary, latency)
  local failures = summary.errors
  io.write(string.format('\\n{"rate":%f,"p50":%f,"p99":%f,"max":%f,"failed":%d,"total":%d}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    failures.connect + failures.read + failures.write + failures.status + failures.timeout, summary.requests))
end
`;

async function byAutocannon({ url, paths, headers, connections, seconds, folder }) {
  const job = join(folder, 'job.json');
  await writeFile(job, JSON.stringify({ url, paths, headers, connections, seconds }));
  const { stdout } = await execute(process.execPath, [AUTOCANNON, job], { maxBuffer: 1e7 });
  return JSON.parse(stdout);
}
