// Asks the registry whether what production installs has known flaws; ends with 1 where one is high or critical. A registry that
// does not answer that question (a mirror, no network) is no finding: it says so and ends with 0. Usage: node test/supply-chain/audit.js
import { execFile } from 'node:child_process';

const FATAL = new Set(['high', 'critical']);
const MOST_MS = 30_000;

const report = await new Promise((resolve) => {
  const options = { timeout: MOST_MS, maxBuffer: 32 * 1024 * 1024 };
  execFile('npm', ['audit', '--omit=dev', '--json'], options, (_error, stdout) => {
    try {
      resolve(JSON.parse(stdout));
    } catch {
      resolve({});
    }
  });
});

/** npm reports by package; what was found where. */
const { vulnerabilities, message = 'no answer' } = report;
if (vulnerabilities === undefined) {
  process.stdout.write(`Known flaws were not looked up: the registry does not answer (${message}).\n`);
  process.exit(0);
}
const found = Object.values(vulnerabilities);
for (const { name, severity, range } of found) {
  process.stdout.write(`${severity}: ${name} ${range}\n`);
}
const fatal = found.filter(({ severity }) => FATAL.has(severity)).length;
process.stdout.write(`Known flaws in production packages: ${found.length}, of which high or critical: ${fatal}.\n`);
process.exit(fatal === 0 ? 0 : 1);
