import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that holds an answer, under its name or still as the draft that it was when its process was killed. */
const ANSWER = /^([0-9a-f-]{36})\.(?:answer|kept)(?:\.\w+\.tmp)?$/;

/** The attempts whose answers lie whole in one of these spools. */
export async function spooledAttempts(folders: readonly string[]): Promise<ReadonlySet<string>> {
  const attempts = new Set<string>();
  for (const folder of folders) {
    for (const name of await readdir(folder)) {
      const [, attempt] = ANSWER.exec(name) ?? [];
      if (attempt !== undefined && (await isWhole(join(folder, name)))) {
        attempts.add(attempt);
      }
    }
  }
  return attempts;
}

async function isWhole(path: string): Promise<boolean> {
  try {
    return typeof (JSON.parse(await readFile(path, 'utf8')) as { readonly sealed?: unknown }).sealed === 'string';
  } catch {
    return false;
  }
}
