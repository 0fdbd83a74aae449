import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A path inside the installed project (`prisma/migrations`, the sandbox's answers), found from this file upwards, so that
 * sources, tests and `dist` see the same files whatever the working directory is.
 */
export function inPackage(...segments: readonly string[]): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) {
      throw new Error('package.json of Claviger not found: reinstall the project.');
    }
    directory = parent;
  }
  return join(directory, ...segments);
}
