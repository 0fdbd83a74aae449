import { inPackage } from '@app/common';
import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testFolder } from '../support/library.js';

const run = promisify(execFile);
const { scripts } = JSON.parse(readFileSync(inPackage('package.json'), 'utf8')) as { scripts: Record<string, string> };
const words = (script: string): string[] => scripts[script]?.split(' ') ?? [];

/** Uses one thread of Node's pool, which has all of them made, and prints how many threads the process has. Linux tells. */
const COUNT = `
import { readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
await stat('.');
console.log(readdirSync('/proc/self/task').length);
`;

async function threadsWith(flags: readonly string[], environment: Record<string, string> = {}): Promise<number> {
  const program = join(testFolder, 'count-threads.mjs');
  await writeFile(program, COUNT);
  const { PATH } = process.env;
  const { stdout } = await run(process.execPath, [...flags, program], {
    cwd: inPackage(),
    env: { PATH, ...environment },
  });
  return Number(stdout);
}

describe('the flags that a broker is started with', () => {
  const flags = words('start:prod').slice(1, -1);

  it('should be the same everywhere', () => {
    const command = /^CMD (\[.*\])$/m.exec(readFileSync(inPackage('Dockerfile'), 'utf8'))?.[1] ?? '[]';

    expect(JSON.parse(command)).toEqual(words('start:prod'));
    expect(words('start')).toEqual(words('start:prod'));
  });

  it('should give Node sixteen threads, so that names that are not answered leave some for the others', async () => {
    expect((await threadsWith(flags)) - (await threadsWith([]))).toBe(12);
  });

  it('should leave the number to whoever sets it', async () => {
    const two = { UV_THREADPOOL_SIZE: '2' };

    expect(await threadsWith(flags, two)).toBe(await threadsWith([], two));
  });
});
