// pgbench, where it is installed, and the broker's own statements as scripts for it.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The path of the newest pgbench, or undefined. */
export async function findPgbench() {
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const places = versions.toSorted((one, other) => Number(other) - Number(one));
  for (const place of ['pgbench', ...places.map((version) => `/usr/lib/postgresql/${version}/bin/pgbench`)]) {
    const works = await execute(place, ['--version']).then(
      () => true,
      () => false,
    );
    if (works) {
      return place;
    }
  }
  return undefined;
}

/** A statement of the broker with what stands for $1, $2 … put in: variables of pgbench (`:id`) or expressions of SQL. */
export const filled = (text, values) => `${text.replaceAll(/\$(\d+)/g, (_, number) => values[Number(number) - 1])}`;

/** Runs a script with so many clients for so many seconds, its variables as `defines` says; how often it ran through in a second, and how many failed. */
export async function runPgbench({ pgbench, url, script, clients, seconds, defines = {} }) {
  const folder = await mkdtemp(join(tmpdir(), 'claviger-pgbench-'));
  try {
    const file = join(folder, 'script.sql');
    await writeFile(file, script);
    const values = Object.entries(defines).flatMap(([name, value]) => ['-D', `${name}=${value}`]);
    const options = [
      ...values,
      '-n',
      '-M',
      'prepared',
      '-f',
      file,
      '-c',
      String(clients),
      '-j',
      '1',
      '-T',
      String(seconds),
    ];
    const { stdout } = await execute(pgbench, [...options, url]);
    return { rate: Number(/tps = ([\d.]+)/.exec(stdout)?.[1]), done: Number(/processed: (\d+)/.exec(stdout)?.[1]) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
