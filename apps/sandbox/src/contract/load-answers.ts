import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inPackage } from '@app/common';
import type { AnswersFile } from './answers-file.js';
import { checkAnswers } from './check-answers.js';
import { losslessParse } from './lossless.js';

/** Where the answers of the built-in providers stand. */
export const answersDirectory = (): string => inPackage('apps', 'sandbox', 'answers');

/**
 * Every `<type>.json` of a directory, by type, checked.
 * @throws a sentence that names the file and what is wrong in it.
 */
export function loadAnswers(directory: string = answersDirectory()): ReadonlyMap<string, AnswersFile> {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .toSorted();
  return new Map(
    names.map((name) => {
      const file = checkAnswers(name, read(join(directory, name)));
      return [file.provider, file];
    }),
  );
}

function read(path: string): unknown {
  try {
    return losslessParse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
