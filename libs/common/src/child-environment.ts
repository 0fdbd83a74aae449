/** What programs need to run and to find their files; on Windows names are compared without regard to case. */
const NEEDED = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];
const NEEDED_ON_WINDOWS = ['SYSTEMROOT', 'SYSTEMDRIVE', 'COMSPEC', 'PATHEXT', 'TEMP', 'TMP', 'USERPROFILE'];
const ALL: ReadonlySet<string> = new Set([...NEEDED, ...NEEDED_ON_WINDOWS]);

/**
 * The environment for a program that we start: of ours only what it needs to run. Keys and passwords stand in ours
 * (`BOOTSTRAP_ADMIN_KEY`, `DATABASE_URL`), whoever may look at a process reads its environment, and the embedded Postgres
 * outlives a broker that was killed.
 */
export const childEnvironment = (ours: NodeJS.ProcessEnv = process.env): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(ours).filter(
      (entry): entry is [string, string] => ALL.has(entry[0].toUpperCase()) && entry[1] !== undefined,
    ),
  );
