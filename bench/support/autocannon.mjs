// One run of autocannon, for load.mjs: reads what to ask from the file that it is given and prints what came of it as JSON.
import autocannon from 'autocannon';
import { readFile } from 'node:fs/promises';

const { url, paths, headers, connections, seconds } = JSON.parse(await readFile(process.argv[2], 'utf8'));
const { requests, latency, non2xx, errors, timeouts, duration } = await autocannon({
  url,
  connections,
  duration: seconds,
  headers,
  requests: paths.map((path) => ({ path })),
});
const { total } = requests;
const times = { p50: latency.p50, p99: latency.p99, max: latency.max };
process.stdout.write(JSON.stringify({ rate: total / duration, ...times, failed: non2xx + errors + timeouts, total }));
