import { execFile, type ExecFileOptions } from 'node:child_process';
import { chown, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { childEnvironment } from '@app/common';

const run = promisify(execFile);

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Runs the server's programs. Postgres refuses to run as root, so root (a container, say) hands over to another account. */
export interface ServerUser {
  run(program: string, args: readonly string[], options?: ExecFileOptions): Promise<{ stdout: string; stderr: string }>;
  /** Gives a file or folder to the account that the server runs as. */
  own(path: string): Promise<void>;
  /** Mode of the folder that the server's own stands in: another account must be able to pass through it. */
  readonly folderMode: number;
}

/** The account that the embedded Postgres runs as: ourselves, or `postgres` or `nobody` where we are root. */
export async function serverUser(postgres: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) {
    return { run: (program, args, options) => run(program, args, text(options)), own: leaveAsIs, folderMode: 0o700 };
  }
  const account = await unprivilegedAccount();
  const privileged = withFolderRights(account);
  const works = await privileged(postgres, ['--version']).then(
    () => true,
    () => false,
  );
  return {
    run: works
      ? privileged
      : (program, args, options) => run(program, args, { ...text(options), ...account, cwd: '/' }),
    own: (path) => chown(path, account.uid, account.gid),
    folderMode: 0o711,
  };
}

const leaveAsIs = async (): Promise<void> => undefined;

const text = (options: ExecFileOptions = {}): ExecFileOptions & { encoding: 'utf8' } => ({
  env: childEnvironment(),
  ...options,
  encoding: 'utf8',
});

/**
 * The project may lie where that account must not look (/root, a 0700 folder). Linux can give a process of another account
 * the one right it lacks, to pass through folders: `setpriv` (util-linux) does, and changes nothing on the disk.
 */
const withFolderRights =
  ({ uid, gid }: Account): ServerUser['run'] =>
  (program, args, options) =>
    run(
      'setpriv',
      [
        `--reuid=${uid}`,
        `--regid=${gid}`,
        '--clear-groups',
        '--inh-caps=+dac_override',
        '--ambient-caps=+dac_override',
        '--',
        program,
        ...args,
      ],
      { ...text(options), cwd: '/' },
    );

async function unprivilegedAccount(): Promise<Account> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const line = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody');
  return { uid: Number(line?.[2] ?? 65_534), gid: Number(line?.[3] ?? 65_534) };
}
