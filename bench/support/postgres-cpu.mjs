// The processor time of a whole Postgres server, by kind of process.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const TICKS_PER_SECOND = 100;

/** Fields of /proc/PID/stat behind the name: state, parent, … */
async function statOf(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/**
 * Seconds that the server in `directory` (as withPostgres gives it) has used so far: all its processes, also those that are gone.
 * Undefined where the system does not tell (no /proc).
 */
export async function postgresCpu(directory) {
  const [postmaster] = (await readFile(join(directory, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
  const own = await statOf(postmaster);
  if (own === undefined) {
    return undefined;
  }
  // Its own user and system time, and those of children that have ended.
  let ticks = own.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
  for (const pid of await readdir('/proc')) {
    const stat = /^\d+$/.test(pid) ? await statOf(pid) : undefined;
    if (stat?.[1] === postmaster) {
      ticks += Number(stat[11]) + Number(stat[12]);
    }
  }
  return ticks / TICKS_PER_SECOND;
}
